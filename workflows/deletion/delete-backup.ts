import { ActivityFailure, log, proxyActivities, setCurrentDetails } from '@temporalio/workflow'
import type { Activities } from '../../activities/index.ts'
import type { DeletionRef } from '../../contract/delete-backup.ts'
import { refusalText } from '../../core/deletion/refusal-text.ts'
import { requestErrors } from '../../core/deletion/request-errors.ts'
import { phases, reasonOf } from '../activity-calls.ts'

/** A bucket, a cluster or a plugin that is away is waited for that long; then the request tells it, and the Backup stays. */
const removing = proxyActivities<Activities>({
  startToCloseTimeout: '1h',
  scheduleToCloseTimeout: '1h',
  heartbeatTimeout: '10s',
  retry: { initialInterval: '500ms', maximumInterval: '10s' },
})

/**
 * Deletes a backup as a DeleteBackupRequest asks: its items by the actions of plugins, its snapshots, its files unless something
 * went wrong before, its restores, and last the Backup. Whatever fails, the request tells it: one without an answer would be worked
 * on again and again.
 */
export async function deleteBackup(ref: DeletionRef): Promise<void> {
  const start = await removing.beginDeletion
    .executeWithOptions({ summary: 'look at the request' }, [{ ref }])
    .catch((thrown: unknown) => ({ do: 'fail' as const, error: refusalText(wordsOf(thrown)) }))
  if (start.do === 'leave') return log.info('no backup is deleted', { because: start.because })
  const [begun, errors] =
    start.do === 'delete'
      ? [{ backup: start.backup }, await deleteParts({ ref, backup: start.backup })]
      : [{}, [start.error]]
  const input = { ref, ...begun, errors: requestErrors(errors) }
  await phases.endDeletion.executeWithOptions({ summary: 'tell what has become of it' }, [input])
}

type Deleted = Parameters<Activities['deleteSnapshots']>[0]

/** Deletes all but the Backup; returns what went wrong. Where the items could not be gone through, nothing else is deleted, as in Velero. */
async function deleteParts(input: Deleted): Promise<string[]> {
  const errors: string[] = []
  const step = async (
    { name, words }: { name: string; words: string },
    work: (summary: string) => Promise<{ errors: readonly string[] } | void>,
  ) => {
    setCurrentDetails(`backup ${input.backup.name}: ${name}`)
    const report = await work(name).catch((thrown: unknown) => ({ errors: [`${words}: ${wordsOf(thrown)}`] }))
    errors.push(...(report?.errors ?? []))
  }
  setCurrentDetails(`backup ${input.backup.name}: run the delete item actions`)
  const stop = await runActions(input, errors)
  if (stop !== undefined) return [...errors, refusalText(stop)]
  await step({ name: 'delete the volume snapshots', words: 'error deleting snapshots' }, (summary) =>
    removing.deleteSnapshots.executeWithOptions({ summary }, [input]),
  )
  if (errors.length === 0)
    await step(
      { name: 'delete the files of the backup', words: 'error removing backup from backup storage' },
      (summary) => removing.deleteBackupFiles.executeWithOptions({ summary }, [input]),
    )
  await step({ name: 'delete the restores of the backup', words: 'error deleting restores' }, (summary) =>
    removing.deleteRestoresOf.executeWithOptions({ summary }, [input]),
  )
  return errors
}

/** Goes through the items part by part. Returns why the deletion ends here. */
async function runActions(input: Deleted, errors: string[]): Promise<string | undefined> {
  try {
    for (let from: number | undefined = 0; from !== undefined;) {
      const report: Awaited<ReturnType<Activities['runDeleteActions']>> =
        await removing.runDeleteActions.executeWithOptions({ summary: 'run the delete item actions' }, [
          { ...input, from },
        ])
      errors.push(...report.errors)
      if (report.stop !== undefined) return report.stop
      from = report.next
    }
    return undefined
  } catch (thrown) {
    return `error invoking delete item actions: ${wordsOf(thrown)}`
  }
}

/** Why a step was given up. Anything that is not the failure of an activity ends the workflow's task, and is tried again. */
function wordsOf(thrown: unknown): string {
  if (!(thrown instanceof ActivityFailure)) throw thrown
  return reasonOf(thrown)
}
