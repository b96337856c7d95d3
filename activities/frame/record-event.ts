import { sha256Hex } from '../../core/values/derived-names.ts'
import { ApiError } from '../../core/port-errors.ts'
import type { Restore } from '../../velero/restore.ts'
import { restoreFieldManager } from './restore-resource.ts'
import type { Ports } from '../ports.ts'

/** What happened to a Restore, for `kubectl describe` and whoever watches Events. */
export interface RestoreEvent {
  type: 'Normal' | 'Warning'
  reason: string
  note: string
}

/** The longest note that Kubernetes takes. */
const noteMax = 1024

/**
 * Records an Event on a Restore. Its name is a hash of what it says, so that a retry records it once; an Event that
 * cannot be written is logged and stops nothing.
 */
export async function recordEvent(
  { cluster, clock, log }: Pick<Ports, 'cluster' | 'clock' | 'log'>,
  restore: Pick<Restore, 'metadata'>,
  event: RestoreEvent,
): Promise<void> {
  const { namespace = '', name, uid = '' } = restore.metadata
  const note = event.note.slice(0, noteMax)
  const hash = sha256Hex([uid, event.reason, note].join('|')).slice(0, 16)
  const now = clock.now().toISOString().replace(/Z$/, '000Z')
  const manifest = {
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    metadata: { name: `${name.slice(0, 200)}.${hash}`, namespace },
    eventTime: now,
    reportingController: 'drydock.io/worker',
    reportingInstance: 'drydock',
    action: event.reason,
    reason: event.reason,
    type: event.type,
    note,
    regarding: { apiVersion: 'velero.io/v1', kind: 'Restore', namespace, name, uid },
  }
  try {
    await cluster.create({ group: 'events.k8s.io', version: 'v1', resource: 'events' }, namespace, manifest, {
      fieldManager: restoreFieldManager,
    })
  } catch (thrown) {
    if (!(thrown instanceof ApiError)) throw thrown
    if (thrown.reason !== 'AlreadyExists') log.warn(`could not record an Event: ${thrown.message}`, { restore: name })
  }
}
