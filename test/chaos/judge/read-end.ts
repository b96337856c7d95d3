import type { Outcome } from '../../../core/items/outcome.ts'
import { runOf } from '../../../core/request/decide-retry.ts'
import type { Manifest } from '../../../velero/manifest.ts'
import { journalFolder } from '../../../velero/object-keys.ts'
import { listKeys, readObject, readResultFiles, withAdmin } from '../../kit/restores.ts'
import type { TestCluster } from '../../kit/stack.ts'
import { dumpCluster } from '../../parity/dump-cluster.ts'
import { describeEnd } from './end-state.ts'
import type { ChaosEnd } from './end-state.ts'
import { namespaces } from '../mixed-backup.ts'
import type { ChaosRun } from '../run.ts'

/** Reads what a restore has left from the cluster and the bucket. */
export async function readEnd({ lane, name, restore, sent }: ChaosRun): Promise<ChaosEnd> {
  const { cluster } = lane
  const dump = await dumpCluster(cluster, cluster.veleroNamespace)
  return describeEnd({ restore, dump, files: await readResultFiles(cluster, name), sent })
}

/** Kinds of the backup that a restore labels. */
const labelled = [
  '/api/v1/configmaps',
  '/api/v1/secrets',
  '/api/v1/services',
  '/api/v1/serviceaccounts',
  '/api/v1/pods',
  '/api/v1/persistentvolumeclaims',
  '/apis/apps/v1/deployments',
]

/** Objects with the labels of the restore of which no outcome in its journal tells the uid. */
export async function unexplained({ lane, name, restore }: ChaosRun): Promise<string[]> {
  const { cluster } = lane
  const folder = `${journalFolder(name, restore.metadata.uid ?? '', runOf(restore))}outcomes/`
  const shards = await Promise.all((await listKeys(cluster, folder)).map((key) => readObject(cluster, key)))
  const outcomes = shards.flatMap((text) => (JSON.parse(text ?? '{"content":[]}') as { content: Outcome[] }).content)
  const told = new Set(outcomes.flatMap(({ object }) => (object === undefined ? [] : [object.uid])))
  const made = (await Promise.all(labelled.map((path) => ofRestore(cluster, path, name)))).flat()
  if (made.length < namespaces.length) return ['it has left nothing']
  return made
    .filter(({ metadata }) => !told.has(metadata.uid ?? ''))
    .map(({ metadata }) => `no outcome explains ${metadata.namespace}/${metadata.name} (${metadata.uid})`)
}

/**
 * Removes the objects of a restore whose end has been read, so that the next one finds a cluster that is as fast. Its namespaces and
 * claims stay: no controller takes away what protects them.
 */
export async function removeRestored({ lane, name }: Pick<ChaosRun, 'lane' | 'name'>): Promise<void> {
  const options = { gracePeriodSeconds: 0 }
  await withAdmin(lane.cluster, async (admin) => {
    for (const namespace of namespaces)
      for (const resource of ['configmaps', 'secrets', 'pods'])
        await admin.request('DELETE', `/api/v1/namespaces/${name}-${namespace}/${resource}`, options)
  })
}

function ofRestore(cluster: TestCluster, path: string, name: string): Promise<Manifest[]> {
  return withAdmin(cluster, async (admin) => {
    const { body } = await admin.must('GET', `${path}?labelSelector=velero.io/restore-name%3D${name}`)
    const { items } = body as { items: Manifest[] }
    return items.filter(({ metadata }) => metadata.namespace !== cluster.veleroNamespace)
  })
}
