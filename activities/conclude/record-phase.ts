import { phaseEvent } from '../../core/results/restore-status.ts'
import type { Restore } from '../../velero/restore.ts'
import type { Ports } from '../ports.ts'
import { recordEvent } from '../frame/record-event.ts'

/** Records an Event about the phase in which a Restore now stands; a second one of the same words is not written. */
export async function recordPhase(ports: Pick<Ports, 'cluster' | 'clock' | 'log'>, restore: Restore): Promise<void> {
  const event = phaseEvent(restore.status)
  if (event !== undefined) await recordEvent(ports, restore, event)
}
