import { withAttempt } from '../frame/run-activity.ts'
import { asFailure } from '../frame/failures.ts'
import type { Ports } from '../ports.ts'
import { recordEvent } from '../frame/record-event.ts'
import { readRestore } from '../frame/restore-resource.ts'

/** Which restore waits, and what for. */
export interface TellWaitInput {
  ref: { namespace: string; name: string; uid: string }
  waitingFor: string
}

/** Records an Event on a Restore that waits for another one. */
export function tellWait(ports: Pick<Ports, 'cluster' | 'presence' | 'clock' | 'log'>) {
  return ({ ref, waitingFor }: TellWaitInput): Promise<void> =>
    withAttempt(ports.presence.worker, async () => {
      try {
        const restore = await readRestore(ports.cluster, ref)
        if (restore === undefined) return
        await recordEvent(ports, restore, { type: 'Normal', reason: 'Waiting', note: `waits for ${waitingFor}` })
      } catch (thrown) {
        throw asFailure(thrown, `telling what restore ${ref.name} waits for`)
      }
    })
}
