import type { Client } from '@temporalio/client'
import { readVeleroControllers } from '../activities/admit/admission-facts.ts'
import type { Clock, Cluster, Log } from '../activities/ports.ts'
import type { Settings } from '../activities/settings.ts'
import { decideTakeOver } from '../core/request/take-over.ts'
import type { ClusterConnection } from '../infra/cluster/connect.ts'
import { watchResource } from '../infra/cluster/watch.ts'
import { restoreFinalizer } from '../velero/labels.ts'
import type { Manifest } from '../velero/manifest.ts'
import { asRestore } from '../velero/restore.ts'
import type { Restore } from '../velero/restore.ts'
import { deleteWorkflowIdOf, deleteWorkflowType, restoreRefOf } from '../contract/restore-workflow.ts'
import type { RestoreRef } from '../contract/restore-workflow.ts'
import { tellRestores } from './tell-restores.ts'

/** What the Restores are watched with. */
export interface WatcherOptions {
  cluster: ClusterConnection
  client: Client
  taskQueue: string
  namespace: string
  settings: Pick<Settings, 'veleroControllers' | 'veleroNamespace'>
  tagged: boolean
  signal: AbortSignal
  log: Log
  /** Called with the schedule of each Restore that is seen; empty for one of no schedule. */
  onSchedule: (schedule: string) => void
  /** Called when the first list has been read. */
  onSynced: () => void
}

const tickMs = 1000
/** How often the deletion of each deleted Restore is started again: it finds the running one, or replaces a lost one. */
const againMs = 30_000

/**
 * Watches the Restores of the Velero namespace until the signal aborts. Each Restore without a terminal phase gets its
 * workflow, which is told what stands on the Restore ({@link tellRestores}); one that is over and has a new token in
 * `drydock.io/retry` gets its next run. A Restore that is being deleted gets the workflow `deleteRestore`.
 */
export async function watchRestores(options: WatcherOptions): Promise<void> {
  const { client, taskQueue, namespace, tagged, log, cluster } = options
  const clusterId = cluster.cluster.id
  const nowMs = () => performance.now()
  const isLeftAlone = leftAloneIn(options)
  const messenger = tellRestores({ client, taskQueue, namespace, clusterId, tagged, log, nowMs, isLeftAlone })
  const deleted = new Map<string, Restore>()
  const see = (manifest: Manifest) => {
    const restore = asRestore(manifest)
    const uid = restore.metadata.uid ?? ''
    if (awaitsDeletion(restore)) {
      if (!deleted.has(uid)) void startDeletion(options, refOf(options, restore))
      deleted.set(uid, restore)
    }
    options.onSchedule(restore.spec.scheduleName ?? '')
    messenger.see(restore)
  }
  const ticking = setInterval(() => messenger.tick(), tickMs)
  const deleting = setInterval(() => {
    for (const restore of deleted.values()) void startDeletion(options, refOf(options, restore))
  }, againMs)
  try {
    await watchResource({
      connection: cluster,
      resource: { group: 'velero.io', version: 'v1', resource: 'restores' },
      namespace,
      onChange: see,
      onGone: (manifest) => {
        deleted.delete(manifest.metadata.uid ?? '')
        messenger.gone(asRestore(manifest))
      },
      onSynced: options.onSynced,
      signal: options.signal,
      log,
    })
  } finally {
    clearInterval(ticking)
    clearInterval(deleting)
  }
}

function refOf(options: WatcherOptions, restore: Restore): RestoreRef {
  return restoreRefOf(restore, { namespace: options.namespace, cluster: options.cluster.cluster.id })
}

/** Asks whether the Restores of the Velero namespace are left to Velero, as their admission does (rule 1). */
function leftAloneIn({ cluster, settings }: WatcherOptions): (restore: Restore) => Promise<boolean> {
  return async (restore) =>
    decideTakeOver(restore, await readVeleroControllers(cluster.cluster, settings)).do === 'leave'
}

/** Whether a Restore is being deleted and waits for us: our finalizer keeps it until its files are deleted. */
function awaitsDeletion({ metadata }: Restore): boolean {
  return metadata.deletionTimestamp !== undefined && (metadata.finalizers ?? []).includes(restoreFinalizer)
}

/** Starts the workflow that deletes what belongs to a Restore, or finds the one that runs. */
async function startDeletion({ client, taskQueue, log }: WatcherOptions, ref: RestoreRef): Promise<void> {
  try {
    await client.workflow.start<(ref: RestoreRef) => Promise<void>>(deleteWorkflowType, {
      workflowId: deleteWorkflowIdOf(ref),
      taskQueue,
      args: [ref],
      workflowIdConflictPolicy: 'USE_EXISTING',
      workflowIdReusePolicy: 'ALLOW_DUPLICATE',
      staticSummary: `delete restore ${ref.name} of Velero namespace ${ref.namespace}`,
    })
  } catch (thrown) {
    log.warn('the deletion of a restore could not be started; it is retried', {
      restore: ref.name,
      error: String(thrown),
    })
  }
}

/** Pauses before the first count and between the others, in milliseconds. */
const countPauseMs = { first: 5000, next: 60_000 } as const

/** Counts the Restores soon after the start and then each minute, as Velero does for `velero_restore_total`. */
export async function countRestores(options: {
  cluster: Cluster
  namespace: string
  clock: Clock
  log: Log
  signal: AbortSignal
  set: (count: number) => void
}): Promise<void> {
  const restores = { group: 'velero.io', version: 'v1', resource: 'restores' }
  for (let pause: number = countPauseMs.first; !options.signal.aborted; pause = countPauseMs.next) {
    try {
      await options.clock.sleep(pause, options.signal)
      const found = await options.cluster.list(restores, {
        namespace: options.namespace,
        metadataOnly: true,
        cached: true,
      })
      options.set(found.length)
    } catch (thrown) {
      if (!options.signal.aborted) options.log.debug('Restores could not be counted', { error: String(thrown) })
    }
  }
}
