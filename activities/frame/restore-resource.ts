import { ApiError, isAlreadyExists, isConflict, isNotFound, isTransient } from '../../core/port-errors.ts'
import { eventOf } from '../../core/notify/notice-facts.ts'
import type { EndDetails } from '../../core/report/failure-causes.ts'
import { sha256Hex } from '../../core/values/derived-names.ts'
import type { Metadata } from '../../velero/manifest.ts'
import { asRestore } from '../../velero/restore.ts'
import type { Restore } from '../../velero/restore.ts'
import type { ObjectRef } from '../../velero/resource.ts'
import { failureTypeOf, failureTypes, gone, restoreNotWritten } from './failures.ts'
import type { Cluster, Ports } from '../ports.ts'

/** The field manager of our writes to the Restore resource. */
export const restoreFieldManager = 'drydock'

/** The Restore resource of a restore. */
function restoreRef(ref: { namespace: string; name: string }): ObjectRef {
  return { group: 'velero.io', version: 'v1', resource: 'restores', namespace: ref.namespace, name: ref.name }
}

/** Reads the Restore, uncached; undefined where it is gone or is another one of the same name. */
export async function readRestore(
  cluster: Cluster,
  ref: { namespace: string; name: string; uid: string },
): Promise<Restore | undefined> {
  const found = await cluster.get(restoreRef(ref))
  return found === undefined || found.metadata.uid !== ref.uid ? undefined : asRestore(found)
}

/** How often the change is decided again because another writer came in between. */
const conflictsMax = 10

/**
 * Changes the Restore by a patch that the caller decides from the live one; every patch carries the resourceVersion it
 * was decided from, and on a conflict the Restore is read again and decided again (rule 8). An undefined patch writes
 * nothing. Returns the Restore as it stands afterwards. Throws `RestoreGone` where it was deleted, and a failure that is
 * tried again where the API server has trouble with the write, whatever its code.
 */
export async function changeRestore(
  cluster: Cluster,
  ref: { namespace: string; name: string; uid: string },
  decide: (live: Restore) => object | undefined,
): Promise<Restore> {
  for (let tries = 1; ; tries++) {
    const live = await readRestore(cluster, ref)
    if (live === undefined) throw gone(`Restore ${ref.namespace}/${ref.name} with uid ${ref.uid} is no more`)
    const patch = decide(live) as { metadata?: object } | undefined
    if (patch === undefined) return live
    const guarded = {
      ...patch,
      metadata: { ...patch.metadata, uid: ref.uid, resourceVersion: live.metadata.resourceVersion },
    }
    try {
      return asRestore(await cluster.patch(restoreRef(ref), guarded, { fieldManager: restoreFieldManager }))
    } catch (thrown) {
      // Not found: it was deleted since it was read, which the next read tells.
      const isStale = isConflict(thrown) || isNotFound(thrown)
      if (isStale && tries < conflictsMax) continue
      const isTroubled = thrown instanceof ApiError && (isStale || thrown.code >= 500) && !isTransient(thrown)
      throw isTroubled ? restoreNotWritten(thrown, `${ref.namespace}/${ref.name}`) : thrown
    }
  }
}

/** What a change of the Restore came to; undefined where the Restore was deleted meanwhile. */
export async function unlessGone(change: Promise<Restore>): Promise<Restore | undefined> {
  try {
    return await change
  } catch (thrown) {
    if (failureTypeOf(thrown) !== failureTypes.gone) throw thrown
    return undefined
  }
}

/** What happened to a Restore, as `kubectl describe` shows it. */
export interface RestoreEvent {
  type: 'Normal' | 'Warning'
  reason: string
  note: string
}

/** The longest note that Kubernetes takes. */
const noteMax = 1024

/**
 * Records an Event on a Restore. Its name is a hash of its content, so that a retry does not record it twice. An Event
 * that the API server refuses is logged, and nothing else happens.
 */
export function recordEvent(
  ports: Pick<Ports, 'cluster' | 'clock' | 'log'>,
  restore: Pick<Restore, 'metadata'>,
  event: RestoreEvent,
): Promise<void> {
  return recordEventOn(ports, { kind: 'Restore', metadata: restore.metadata }, event)
}

/** Records an Event on an object of Velero, as {@link recordEvent} does. */
export async function recordEventOn(
  { cluster, clock, log }: Pick<Ports, 'cluster' | 'clock' | 'log'>,
  { kind, metadata }: { kind: 'Restore' | 'Schedule' | 'Backup'; metadata: Metadata },
  event: RestoreEvent,
): Promise<void> {
  const { namespace = '', name, uid = '' } = metadata
  const note = event.note.slice(0, noteMax)
  const hash = sha256Hex([uid, event.reason, note].join('|')).slice(0, 16)
  const now = clock.now().toISOString().replace(/Z$/, '000Z')
  const manifest = {
    kind: 'Event',
    metadata: { name: `${name.slice(0, 200)}.${hash}`, namespace },
    eventTime: now,
    reportingController: 'drydock.io/worker',
    reportingInstance: 'drydock',
    action: event.reason,
    reason: event.reason,
    type: event.type,
    note,
    regarding: { apiVersion: 'velero.io/v1', kind, namespace, name, uid },
  }
  try {
    await createEvent(cluster, namespace, manifest)
  } catch (thrown) {
    if (!(thrown instanceof ApiError)) throw thrown
    if (!isAlreadyExists(thrown))
      log.warn(`could not record an Event: ${thrown.message}`, { [kind.toLowerCase()]: name })
  }
}

/** Kubernetes before 1.19 serves Events as `v1beta1` alone. */
async function createEvent(cluster: Cluster, namespace: string, event: object): Promise<void> {
  const create = (version: string) => {
    const manifest = { apiVersion: `events.k8s.io/${version}`, ...event }
    const resource = { group: 'events.k8s.io', version, resource: 'events' }
    return cluster.create(resource, namespace, manifest, { fieldManager: restoreFieldManager })
  }
  try {
    await create('v1')
  } catch (thrown) {
    if (!isNotFound(thrown)) throw thrown
    // Where the namespace is gone, the first answer says so.
    await create('v1beta1').catch((other: unknown) => {
      throw isNotFound(other) ? thrown : other
    })
  }
}

/** Records an Event about the phase of a Restore, once for each text; `details` are for the end. */
export async function recordPhase(
  ports: Pick<Ports, 'cluster' | 'clock' | 'log'>,
  restore: Restore,
  details?: EndDetails,
): Promise<void> {
  const event = eventOf(restore, details)
  if (event !== undefined) await recordEvent(ports, restore, event)
}
