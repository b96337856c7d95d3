import { journalFolder, restoreResultsKey } from '../../velero/object-keys.ts'
import type { Manifest } from '../../velero/manifest.ts'
import type { Outcome } from '../../core/items/outcome.ts'
import { listKeys, readObject, readResultFiles, withAdmin } from '../kit/restores.ts'
import type { TestCluster } from '../kit/stack.ts'
import { dumpCluster } from '../parity/dump-cluster.ts'
import type { DumpedObject } from '../parity/dump-cluster.ts'
import { purposeOf } from '../parity/known-names.ts'
import { namespaces } from './mixed-backup.ts'
import type { ChaosRun } from './run.ts'

/** What a restore has left, without what is another in each restore: two restores with the same end are equal. */
export interface ChaosEnd {
  /** By resource, namespace and name; the status of the Restore is at `Restore `. */
  objects: Record<string, unknown>
  files: Record<string, unknown>
  /** How often each command was sent to each container. */
  ran: Record<string, number>
}

/** Reads it from the cluster and the bucket. */
export async function endOf({ lane, name, restore, sent }: ChaosRun): Promise<ChaosEnd> {
  const { cluster } = lane
  const uid = restore.metadata.uid ?? ''
  const all = await dumpCluster(cluster, cluster.veleroNamespace)
  const own = Object.entries(all).filter(([key, object]) => isOf(name, key, object))
  const { log: _log, ...files } = await readResultFiles(cluster, name)
  const { startTimestamp: _start, completionTimestamp: _end, ...status } = restore.status ?? {}
  const ran: Record<string, number> = {}
  for (const { namespace, pod, container, command } of sent) {
    const what = `${namespace}/${pod} ${container}: ${command.join(' ')}`
    ran[what] = (ran[what] ?? 0) + 1
  }
  const { results, volumeInfo, itemOperations, ...others } = files
  const end = plain(
    {
      objects: {
        ...numbered(own.map(([key, object]) => [wellKnown(key, object), object] as const)),
        [`Restore ${name}`]: { ...status, warnings: status.warnings ?? 0, errors: status.errors ?? 0 },
      },
      files: { [restoreResultsKey(name)]: results, ...others },
      ran,
    },
    { name, uid },
  )
  // They come in any order, in Velero too.
  const lists = Object.entries(plain({ volumeInfo, itemOperations }, { name, uid }))
  Object.assign(end.files, Object.fromEntries(lists.map(([file, list]) => [file, inOneOrder(list)])))
  return end
}

const inOneOrder = (list: readonly unknown[] | undefined) => list?.map((one) => JSON.stringify(one)).toSorted()

function isOf(name: string, key: string, object: DumpedObject): boolean {
  const [resource, namespace = '', objectName = ''] = key.split('|')
  const labels = object.metadata['labels'] as Record<string, string> | undefined
  if (resource === 'namespaces') return objectName.startsWith(`${name}-`)
  if (resource === 'persistentvolumes') return claimOf(object)?.namespace.startsWith(`${name}-`) === true
  return namespace.startsWith(`${name}-`) || labels?.['velero.io/restore-name'] === name
}

const claimOf = (volume: DumpedObject) =>
  (volume['spec'] as { claimRef?: { namespace: string; name: string } }).claimRef

/** Under a name that is the same in each restore. */
function wellKnown(key: string, object: DumpedObject): string {
  const claim = key.startsWith('persistentvolumes|') ? claimOf(object) : undefined
  if (claim !== undefined) return `volume of ${claim.namespace}/${claim.name}`
  return purposeOf(key, object) ?? key
}

/** Two orders for one purpose are two. */
function numbered(objects: readonly (readonly [string, DumpedObject])[]): Record<string, DumpedObject> {
  const named: Record<string, DumpedObject> = {}
  for (const [key, object] of objects) {
    let name = key
    for (let number = 2; name in named; number++) name = `${key}, number ${number}`
    named[name] = object
  }
  return named
}

/** Takes out the restore's name and uid, times, uids, and names that are made of them. */
function plain<T>(value: T, { name, uid }: { name: string; uid: string }): T {
  const text = JSON.stringify(value)
    .replaceAll(uid, '<restore uid>')
    .replaceAll(name, '<restore>')
    .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, '<time>')
    .replaceAll(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '<uid>')
    .replaceAll(/dd-<restore uid>[.0-9a-z-]*/g, '<operation>')
    .replaceAll(/(<restore>-[0-9a-z.-]*\b)[0-9a-f]{8,}"/g, '$1<hash>"')
  return JSON.parse(text) as T
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
  const folder = `${journalFolder(name, restore.metadata.uid ?? '')}outcomes/`
  const shards = await Promise.all((await listKeys(cluster, folder)).map((key) => readObject(cluster, key)))
  const outcomes = shards.flatMap((text) => (JSON.parse(text ?? '{"content":[]}') as { content: Outcome[] }).content)
  const told = new Set(outcomes.flatMap(({ object }) => (object === undefined ? [] : [object.uid])))
  const made = (await Promise.all(labelled.map((path) => ofRestore(cluster, path, name)))).flat()
  if (made.length < namespaces.length) return ['it has left nothing']
  return made
    .filter(({ metadata }) => !told.has(metadata.uid ?? ''))
    .map(({ metadata }) => `no outcome explains ${metadata.namespace}/${metadata.name} (${metadata.uid})`)
}

function ofRestore(cluster: TestCluster, path: string, name: string): Promise<Manifest[]> {
  return withAdmin(cluster, async (admin) => {
    const { body } = await admin.must('GET', `${path}?labelSelector=velero.io/restore-name%3D${name}`)
    const { items } = body as { items: Manifest[] }
    return items.filter(({ metadata }) => metadata.namespace !== cluster.veleroNamespace)
  })
}
