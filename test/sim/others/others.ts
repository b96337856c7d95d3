import { bareRefOf, lookSignal, sweptSignal } from '../../../contract/restore-workflow.ts'
import { deleteWorkflowIdOf, workflowIdOf } from '../../../contract/restore-workflow.ts'
import { locksWorkflowIdOf } from '../../../contract/lock-workflow.ts'
import { isSweptByVelero } from '../../../core/results/restore-status.ts'
import { restartFailureReason } from '../../../velero/defaults.ts'
import { pendingRetry, runOf } from '../../../core/request/decide-retry.ts'
import { cancelAnnotation, claimedAnnotation, pauseAnnotation, retryAnnotation } from '../../../velero/labels.ts'
import { isTerminal } from '../../../velero/phases.ts'
import type { Restore } from '../../../velero/restore.ts'
import { backupContentsKey, journalFolder } from '../../../velero/object-keys.ts'
import { backupName } from '../../activities/crash/backup.ts'
import { ref, restoreAt } from '../../activities/crash/restore-in-memory.ts'
import type { World } from '../../ports/world.ts'
import type { MeanwhileEvent, OtherEvent } from '../disturbances.ts'
import { otherTarball } from './other-tarball.ts'
import type { SimulatedServer } from '../temporal/server.ts'

/** What others than the workers' activities do, and whether there is nothing left to do. */
export type Others = Readonly<Record<OtherEvent | MeanwhileEvent, () => void>> & {
  watch: () => void
  isOver: () => boolean
  /** What others have written into the Restore and is not there any more, in words. */
  lost: () => string[]
  /** The last run of the restore when its tarball was replaced after its end; undefined where that was not so. */
  lastWithTarball: () => number | undefined
}

/** A finalizer of another controller. */
const otherFinalizer = 'example.com/kept'
const writtenAnnotation = 'example.com/written'

/** Users, a Velero server, another controller that writes the Restore, and the watchers of the workers. */
export function othersOf({ cluster, clock, buckets }: World, server: SimulatedServer): Others {
  const workflowId = workflowIdOf(ref)
  let writes = 0
  let retries = 0
  let isKept = false
  let isReplaced = false
  let isToBeReplaced = false
  let lastWithTarball: number | undefined
  const live = () => cluster.look(restoreAt) as unknown as Restore | undefined

  function annotate(changes: Record<string, string | undefined>): void {
    const found = live()
    if (found === undefined) return
    const all = Object.entries({ ...found.metadata.annotations, ...changes }).filter(([, value]) => value !== undefined)
    cluster.amend(restoreAt, { metadata: { ...found.metadata, annotations: Object.fromEntries(all) } })
  }

  function setFinalizers(change: (finalizers: readonly string[]) => string[]): void {
    const found = live()
    if (found === undefined) return
    const finalizers = change(found.metadata.finalizers ?? [])
    const isLast = finalizers.length === 0 && found.metadata.deletionTimestamp !== undefined
    if (isLast) cluster.drop(restoreAt)
    else cluster.amend(restoreAt, { metadata: { ...found.metadata, finalizers } })
  }

  /** The other controller takes its finalizer away. */
  function letGo(): void {
    isKept = false
    setFinalizers((all) => all.filter((one) => one !== otherFinalizer))
  }

  function replaceBackup(): void {
    isReplaced = true
    buckets.place('backups', backupContentsKey(backupName), otherTarball)
  }

  const retry = (): void => annotate({ [retryAnnotation]: `token-${++retries}` })

  /** A restore that was cancelled before its plan was made gets one of the other tarball, by its retry. */
  function retryReplaced(over: Restore): void {
    isToBeReplaced = false
    const plan = `${journalFolder(ref.name, ref.uid, runOf(over))}plan.json.gz`
    if (isReplaced || !buckets.objects('backups').has(plan)) return
    lastWithTarball = runOf(over)
    replaceBackup()
    retry()
  }

  function tell(name: string): void {
    if (server.statusOf(workflowId) === 'RUNNING') server.signal(workflowId, name)
  }

  const isClaimed = ({ metadata }: Restore) => metadata.annotations?.[claimedAnnotation] !== undefined
  const isOpen = (one: Restore) =>
    !isTerminal(one.status?.phase) || isSweptByVelero(one.status ?? {}) || pendingRetry(one) !== undefined

  return {
    'write-restore': () => annotate({ [writtenAnnotation]: String(++writes) }),
    'change-finalizers'() {
      const found = live()
      if (found === undefined) return
      if (isKept) return letGo()
      // Who is being deleted gets no finalizer any more.
      if (found.metadata.deletionTimestamp !== undefined) return
      isKept = true
      setFinalizers((all) => [...all, otherFinalizer])
    },
    'replace-backup': replaceBackup,
    'retry-replaced': () => void (isToBeReplaced = true),
    sweep() {
      const found = live()
      if (found === undefined || !isClaimed(found) || (found.status?.phase ?? '') === '') return
      if (isTerminal(found.status?.phase)) return
      const completionTimestamp = `${clock.now().toISOString().slice(0, 19)}Z`
      const status = { phase: 'Failed', failureReason: restartFailureReason, completionTimestamp }
      cluster.amend(restoreAt, { status: { ...found.status, ...status } })
    },
    terminate: () => server.statusOf(workflowId) === 'RUNNING' && server.terminate(workflowId),
    'terminate-locks'() {
      const locks = locksWorkflowIdOf(ref)
      if (server.statusOf(locks) === 'RUNNING') server.terminate(locks)
    },
    'new-run': () => server.suggestNewRun(),
    'new-runs'() {
      for (let times = 0; times < 6; times++) server.suggestNewRun()
    },
    retry,
    pause() {
      annotate({ [pauseAnnotation]: 'look at it' })
      tell(lookSignal.name)
      clock.later(10_000, () => {
        annotate({ [pauseAnnotation]: undefined })
        tell(lookSignal.name)
      })
    },
    cancel() {
      annotate({ [cancelAnnotation]: 'wrong backup' })
      tell(lookSignal.name)
    },
    delete() {
      const found = live()
      if (found === undefined) return
      if ((found.metadata.finalizers ?? []).length === 0) return cluster.drop(restoreAt)
      const deletionTimestamp = `${clock.now().toISOString().slice(0, 19)}Z`
      cluster.amend(restoreAt, { metadata: { ...found.metadata, deletionTimestamp } })
    },
    watch() {
      const found = live()
      if (found === undefined) return
      if (found.metadata.deletionTimestamp !== undefined) {
        if (isKept) letGo()
        return server.start('deleteRestore', deleteWorkflowIdOf(ref), bareRefOf(ref))
      }
      if (isClaimed(found) && isSweptByVelero(found.status ?? {})) tell(sweptSignal.name)
      if (isOpen(found)) return server.start('restore', workflowId, bareRefOf(ref))
      if (isToBeReplaced && server.statusOf(workflowId) !== 'RUNNING') retryReplaced(found)
    },
    lastWithTarball: () => lastWithTarball,
    isOver() {
      const found = live()
      return found === undefined || (!isOpen(found) && found.metadata.deletionTimestamp === undefined)
    },
    lost() {
      const found = live()
      if (found === undefined) return []
      const { annotations = {}, finalizers = [] } = found.metadata
      const isLost = writes > 0 && annotations[writtenAnnotation] !== String(writes)
      return [
        ...(isLost ? [`the annotation of another writer is ${annotations[writtenAnnotation]}, not ${writes}`] : []),
        ...(isKept === finalizers.includes(otherFinalizer)
          ? []
          : [`the finalizer of another controller is ${isKept ? 'gone' : 'back'}`]),
      ]
    },
  }
}
