import { setTimeout as sleep } from 'node:timers/promises'
import type { ManagedFieldsMode } from '../../core/items/field-owners.ts'
import { managedFieldsAnnotation, secondChancesAnnotation } from '../../velero/labels.ts'
import { awaitRestore, createRestore, readResultFiles, withAdmin } from '../kit/restores.ts'
import type { TestCluster } from '../kit/stack.ts'
import { clusterChanges, dumpCluster } from './dump-cluster.ts'
import { shapeOf } from './golden-case.ts'
import type { CaseFile, Outcome, RestoreShape } from './golden-case.ts'

/** How a case is restored: by default without second chances, and in the worker's own mode of managed fields. */
export interface Manner {
  /** What Velero refuses once may be tried again. */
  secondChances?: boolean
  managedFields?: ManagedFieldsMode
}

/** A restore that is over, and all that is compared of it. */
export interface Restored {
  uid: string
  outcome: Outcome
  /** As it stands in the cluster. */
  restore: unknown
}

/**
 * Creates the Restore of a case, waits until whoever works there has ended it, and looks at everything. Without second
 * chances an item that may succeed later is an error at once, word for word as with Velero.
 */
export async function restoreCase(
  name: string,
  golden: CaseFile,
  cluster: TestCluster,
  { secondChances = false, managedFields }: Manner = {},
): Promise<Restored> {
  const before = await dumpCluster(cluster, cluster.veleroNamespace)
  const ending = new AbortController()
  const moving = golden.mover === undefined ? undefined : moveData(cluster, golden.mover, ending.signal)
  try {
    await createRestore(cluster, {
      name,
      spec: golden.spec,
      annotations: {
        ...golden.annotations,
        ...(secondChances ? {} : { [secondChancesAnnotation]: 'false' }),
        ...(managedFields === undefined ? {} : { [managedFieldsAnnotation]: managedFields }),
      },
    })
    const restore = await awaitRestore(cluster, name, undefined, restoreMs)
    const [after, files] = await Promise.all([
      dumpCluster(cluster, cluster.veleroNamespace),
      readResultFiles(cluster, name),
    ])
    const outcome: Outcome = {
      cluster: clusterChanges(before, after),
      restore: shapeOf(restore as unknown as RestoreShape),
      results: files.results,
      'resource list': files.resourceList,
      'item operations': files.itemOperations,
      'volume info': files.volumeInfo,
    }
    return { uid: restore.metadata.uid ?? '', outcome, restore }
  } finally {
    ending.abort()
    await moving
  }
}

/** Long, for machines that are busy with other things too. */
const restoreMs = 300_000

/**
 * Stands in for a node-agent: brings every DataDownload and PodVolumeRestore that comes up to its last phase, until
 * the signal.
 */
async function moveData(cluster: TestCluster, phase: 'Completed' | 'Failed', signal: AbortSignal): Promise<void> {
  const folders = [
    `/apis/velero.io/v2alpha1/namespaces/${cluster.veleroNamespace}/datadownloads`,
    `/apis/velero.io/v1/namespaces/${cluster.veleroNamespace}/podvolumerestores`,
  ]
  const status = {
    phase,
    ...(phase === 'Failed' ? { message: 'the disk is full' } : { progress: { totalBytes: 7, bytesDone: 7 } }),
  }
  await withAdmin(cluster, async (client) => {
    while (!signal.aborted) {
      for (const folder of folders) {
        const { items } = (await client.must('GET', folder)).body as { items: WorkOrder[] }
        for (const item of items.filter((one) => one.status?.phase !== phase)) {
          await client.must(
            'PATCH',
            `${folder}/${item.metadata.name}?fieldManager=node-agent`,
            { status },
            'application/merge-patch+json',
          )
        }
      }
      await sleep(200, undefined, { signal }).catch(() => {})
    }
  })
}

interface WorkOrder {
  metadata: { name: string }
  status?: { phase?: string }
}
