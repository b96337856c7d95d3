import { restoreFinalizer } from '../../velero/labels.ts'
import { restoreFolder } from '../../velero/object-keys.ts'
import { withAttempt } from '../frame/run-activity.ts'
import { asFailure } from '../frame/failures.ts'
import type { Ports } from '../ports.ts'
import { recordEvent } from '../frame/record-event.ts'
import { changeRestore, readRestore } from '../frame/restore-resource.ts'
import type { DeletionInput } from './delete-restore.ts'

/** Lets a deleted Restore go, with an Event that says what was left of it in the bucket. */
export function releaseRestore(ports: Pick<Ports, 'cluster' | 'presence' | 'clock' | 'log'>) {
  return ({ ref, left }: DeletionInput & { left?: string }): Promise<void> =>
    withAttempt(ports.presence.worker, async () => {
      try {
        const restore = await readRestore(ports.cluster, ref)
        if (restore === undefined) return
        if (left !== undefined) {
          const note = `deleted, but files may be left under ${restoreFolder(ref.name)}: ${left}`
          await recordEvent(ports, restore, { type: 'Warning', reason: 'FilesLeft', note })
        }
        await changeRestore(ports.cluster, ref, ({ metadata }) => {
          const { finalizers = [], deletionTimestamp } = metadata
          if (deletionTimestamp === undefined || !finalizers.includes(restoreFinalizer)) return undefined
          return { metadata: { finalizers: finalizers.filter((one) => one !== restoreFinalizer) } }
        })
        ports.log.info('a deleted restore is released', { restore: ref.name, left })
      } catch (thrown) {
        if ((thrown as { type?: string }).type === 'RestoreGone') return
        throw asFailure(thrown, `releasing restore ${ref.name}`)
      }
    })
}
