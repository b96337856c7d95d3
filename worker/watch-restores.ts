import type { Client } from '@temporalio/client'
import type { Clock, Cluster, Log } from '../activities/ports.ts'
import type { ClusterConnection } from '../infra/cluster/connect.ts'
import { watchResource } from '../infra/cluster/watch.ts'
import { cancelAnnotation, claimedAnnotation, restoreFinalizer } from '../velero/labels.ts'
import type { Manifest } from '../velero/manifest.ts'
import { isTerminal } from '../velero/phases.ts'
import type { Restore } from '../velero/restore.ts'
import { pendingRetry } from '../core/request/decide-retry.ts'
import { isSweptByVelero } from '../core/results/restore-status.ts'
import { cancelSignal, deletedReason, deleteWorkflowIdOf, deleteWorkflowType } from '../contract/restore-workflow.ts'
import { sweptSignal, workflowIdOf } from '../contract/restore-workflow.ts'
import type { RestoreRef } from '../contract/restore-workflow.ts'
import { startRestoreWorkflow } from '../contract/start-restore.ts'

/** What the Restores are watched with. */
export interface WatcherOptions {
  cluster: ClusterConnection
  client: Client
  taskQueue: string
  namespace: string
  tagged: boolean
  signal: AbortSignal
  log: Log
  /** Called when the first list has been read. */
  onSynced: () => void
}

/** How often the workflow of each unfinished Restore is started again: it finds the running one, or replaces a lost one. */
const againMs = 30_000
/** How often the workflow of a Restore is started again whose retry nobody has answered. */
const retryAgainMs = 3000

/**
 * Watches the Restores of the Velero namespace until the signal aborts. Each Restore without a terminal phase gets its
 * workflow: a second start finds the running one (rule 2), and one that was terminated is started again. Signals go to the
 * workflow of a Restore that we have claimed: `cancel` where it is deleted or has the annotation `drydock.io/cancel`,
 * `swept` where a starting Velero server has marked it as Failed. A Restore that is being deleted gets the workflow
 * `deleteRestore`, and one that is over and has a new token in `drydock.io/retry` its next run.
 */
export async function watchRestores(options: WatcherOptions): Promise<void> {
  const open = new Map<string, Restore>()
  const deleted = new Map<string, Restore>()
  const cancelled = new Set<string>()
  const retries = new Map<string, Restore>()
  const see = (manifest: Manifest) => {
    const restore = manifest as unknown as Restore
    const uid = restore.metadata.uid ?? ''
    if (awaitsDeletion(restore)) {
      if (!deleted.has(uid)) void startDeletion(options, refOf(options, restore))
      deleted.set(uid, restore)
    }
    const swept = isClaimedAndSwept(restore)
    if (!swept && awaitsRetry(restore)) {
      if (!retries.has(uid)) void start(options, restore)
      retries.set(uid, restore)
    } else retries.delete(uid)
    if (isOver(restore) && !swept) {
      open.delete(uid)
      cancelled.delete(uid)
      return
    }
    const isNews = !open.has(uid)
    open.set(uid, restore)
    const reason = cancelReason(restore)
    if (reason !== undefined && !cancelled.has(uid)) {
      cancelled.add(uid)
      void signal(options, restore, [cancelSignal, reason])
    } else if (swept) void signal(options, restore, [sweptSignal])
    else if (isNews) void start(options, restore)
  }
  const startAll = (restores: Iterable<Restore>) => [...restores].forEach((one) => void start(options, one))
  const timer = setInterval(() => {
    startAll(open.values())
    for (const restore of deleted.values()) void startDeletion(options, refOf(options, restore))
  }, againMs)
  // The workflow of the run before may take a moment to close, and a second start finds it until then.
  const soon = setInterval(() => startAll(retries.values()), retryAgainMs)
  try {
    await watchResource({
      connection: options.cluster,
      resource: { group: 'velero.io', version: 'v1', resource: 'restores' },
      namespace: options.namespace,
      onChange: see,
      onGone: (manifest) => {
        const uid = manifest.metadata.uid ?? ''
        deleted.delete(uid)
        retries.delete(uid)
        cancelled.delete(uid)
        if (open.delete(uid)) void signal(options, manifest as unknown as Restore, [cancelSignal, deletedReason])
      },
      onSynced: options.onSynced,
      signal: options.signal,
      log: options.log,
    })
  } finally {
    clearInterval(timer)
    clearInterval(soon)
  }
}

/** A Restore that is being deleted and was never claimed has nothing to restore any more. */
function isOver({ metadata, status }: Restore): boolean {
  if (isTerminal(status?.phase)) return true
  return metadata.deletionTimestamp !== undefined && metadata.annotations?.[claimedAnnotation] === undefined
}

/** A Restore that is over, with a token that nobody has answered: its workflow begins the next run, or says why not. */
function awaitsRetry(restore: Restore): boolean {
  return isTerminal(restore.status?.phase) && pendingRetry(restore) !== undefined
}

function isClaimedAndSwept(restore: Restore): boolean {
  return restore.metadata.annotations?.[claimedAnnotation] !== undefined && isSweptByVelero(restore.status ?? {})
}

/** Why the Restore is to be cancelled; undefined where it is not. Only claimed ones are cancelled: a new one is claimed first. */
function cancelReason(restore: Restore): string | undefined {
  if (restore.metadata.annotations?.[claimedAnnotation] === undefined) return undefined
  if (restore.metadata.deletionTimestamp !== undefined) return deletedReason
  const asked = restore.metadata.annotations?.[cancelAnnotation]
  return asked === undefined ? undefined : asked || `annotation ${cancelAnnotation}`
}

function refOf(options: WatcherOptions, restore: Restore): RestoreRef {
  const { name, uid = '', namespace = options.namespace } = restore.metadata
  return { namespace, name, uid, cluster: options.cluster.cluster.id }
}

async function start(options: WatcherOptions, restore: Restore): Promise<void> {
  try {
    await startRestoreWorkflow(options.client, {
      ref: refOf(options, restore),
      taskQueue: options.taskQueue,
      backup: restore.spec.backupName ?? restore.spec.scheduleName ?? '',
      tagged: options.tagged,
    })
  } catch (thrown) {
    options.log.warn('the workflow of a restore could not be started; it is retried', {
      restore: restore.metadata.name,
      error: String(thrown),
    })
  }
}

/** Sends a signal to the workflow of a restore, and starts it first where it does not run. */
async function signal(
  options: WatcherOptions,
  restore: Restore,
  [definition, ...args]: [typeof cancelSignal, string] | [typeof sweptSignal],
): Promise<void> {
  try {
    await start(options, restore)
    await options.client.workflow.getHandle(workflowIdOf(refOf(options, restore))).signal(definition.name, ...args)
  } catch (thrown) {
    options.log.warn('a restore could not be signalled', {
      restore: restore.metadata.name,
      signal: definition.name,
      error: String(thrown),
    })
  }
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
