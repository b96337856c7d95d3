import { ActivityFailure, log, proxyActivities, setCurrentDetails } from '@temporalio/workflow'
import type { Activities } from '../../activities/index.ts'
import type { DeletionRef } from '../../contract/delete-backup.ts'
import { refusalText } from '../../core/deletion/refusal-text.ts'
import { phases, reasonOf, steps } from '../activity-calls.ts'

/** A bucket, a cluster or a plugin that is away is waited for that long; then the request tells it, and the Backup stays. */
const removing = proxyActivities<Activities>({
  startToCloseTimeout: '30m',
  scheduleToCloseTimeout: '1h',
  heartbeatTimeout: '10s',
  retry: { initialInterval: '500ms', maximumInterval: '10s' },
})

/**
 * Deletes a backup as a DeleteBackupRequest asks: its items by the actions of plugins, its snapshots, its files unless something
 * went wrong before, its restores, and last the Backup.
 */
export async function deleteBackup(ref: DeletionRef): Promise<void> {
  const start = await steps.beginDeletion.executeWithOptions({ summary: 'look at the request' }, [{ ref }])
  if (start.do === 'leave') return log.info('no backup is deleted', { because: start.because })
  const input = { ref, backup: start.backup }
  const errors: string[] = []
  const step = async (name: string, work: (summary: string) => Promise<{ errors: readonly string[] } | void>) => {
    setCurrentDetails(`backup ${start.backup.name}: ${name}`)
    const report = await work(name).catch((thrown: unknown) => ({ errors: [`error: ${name}: ${wordsOf(thrown)}`] }))
    errors.push(...(report?.errors ?? []))
  }
  let stop: string | undefined
  await step('run the delete item actions', async (summary) => {
    for (let from: number | undefined = 0; from !== undefined;) {
      const report: Awaited<ReturnType<Activities['runDeleteActions']>> =
        await removing.runDeleteActions.executeWithOptions({ summary }, [{ ...input, from }])
      errors.push(...report.errors)
      stop = report.stop
      from = report.next
    }
  })
  if (stop !== undefined) errors.push(refusalText(stop))
  else await deleteAll()
  await phases.endDeletion.executeWithOptions({ summary: 'tell what has become of it' }, [{ ...input, errors }])

  async function deleteAll(): Promise<void> {
    await step('delete the volume snapshots', (summary) =>
      removing.deleteSnapshots.executeWithOptions({ summary }, [input]),
    )
    if (errors.length === 0)
      await step('delete the files of the backup', (summary) =>
        removing.deleteBackupFiles.executeWithOptions({ summary }, [input]),
      )
    await step('delete the restores of the backup', (summary) =>
      removing.deleteRestoresOf.executeWithOptions({ summary }, [input]),
    )
  }
}

/** Why a step was given up. Anything that is not the failure of an activity ends the workflow's task, and is tried again. */
function wordsOf(thrown: unknown): string {
  if (!(thrown instanceof ActivityFailure)) throw thrown
  return reasonOf(thrown)
}
