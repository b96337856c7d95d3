import type { Client } from '@temporalio/client'
import type { Log } from '../activities/ports.ts'
import type { ClusterConnection } from '../infra/cluster/connect.ts'
import { watchResource } from '../infra/cluster/watch.ts'
import { cancelAnnotation, claimedAnnotation } from '../velero/labels.ts'
import type { Manifest } from '../velero/manifest.ts'
import { isTerminal } from '../velero/phases.ts'
import type { Restore } from '../velero/restore.ts'
import { isSweptByVelero } from '../core/results/restore-status.ts'
import { cancelSignal, deletedReason, sweptSignal, workflowIdOf } from '../contract/restore-workflow.ts'
import type { RestoreRef } from '../contract/restore-workflow.ts'
import { startRestoreWorkflow } from '../contract/start-restore.ts'
import { awaitsDeletion, startDeletion } from './delete-restores.ts'

/** What the watcher needs. */
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

/** How often each unfinished Restore is started again: a start finds the running workflow, or makes up for a lost one. */
const againMs = 30_000

/**
 * Watches the Restores of the Velero namespace and sees to it that each one that is not over has its workflow: a second
 * start finds the running one (rule 2), and one that was terminated by hand is made up for. A Restore of ours that is
 * deleted or carries the annotation `drydock.io/cancel` has its workflow cancelled, one that a starting Velero server
 * has marked as Failed has its phase put back, and what belongs to a deleted one is deleted.
 */
export async function watchRestores(options: WatcherOptions): Promise<void> {
  const open = new Map<string, Restore>()
  const deleted = new Map<string, Restore>()
  const cancelled = new Set<string>()
  const see = (manifest: Manifest) => {
    const restore = manifest as unknown as Restore
    const uid = restore.metadata.uid ?? ''
    if (awaitsDeletion(restore)) {
      if (!deleted.has(uid)) void startDeletion(options, refOf(options, restore))
      deleted.set(uid, restore)
    }
    const swept = isClaimedAndSwept(restore)
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
  const timer = setInterval(() => {
    for (const restore of open.values()) void start(options, restore)
    for (const restore of deleted.values()) void startDeletion(options, refOf(options, restore))
  }, againMs)
  try {
    await watchResource({
      connection: options.cluster,
      resource: { group: 'velero.io', version: 'v1', resource: 'restores' },
      namespace: options.namespace,
      onChange: see,
      onGone: (manifest) => {
        const uid = manifest.metadata.uid ?? ''
        deleted.delete(uid)
        cancelled.delete(uid)
        if (open.delete(uid)) void signal(options, manifest as unknown as Restore, [cancelSignal, deletedReason])
      },
      onSynced: options.onSynced,
      signal: options.signal,
      log: options.log,
    })
  } finally {
    clearInterval(timer)
  }
}

/** One that is being deleted and was never claimed is nobody's work any more but that of its deletion. */
function isOver({ metadata, status }: Restore): boolean {
  if (isTerminal(status?.phase)) return true
  return metadata.deletionTimestamp !== undefined && metadata.annotations?.[claimedAnnotation] === undefined
}

function isClaimedAndSwept(restore: Restore): boolean {
  return restore.metadata.annotations?.[claimedAnnotation] !== undefined && isSweptByVelero(restore.status ?? {})
}

/** Only what we have claimed is ours to cancel; a new one is claimed first. */
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
    options.log.warn('a restore could not be started, it is tried again', {
      restore: restore.metadata.name,
      error: String(thrown),
    })
  }
}

/** Sends a signal to the workflow of a restore, which is started where it does not run. */
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
