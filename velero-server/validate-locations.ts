import { isConflict, isNotFound } from '../core/port-errors.ts'
import { lookAtLocation } from '../activities/frame/locations.ts'
import { decideLocation, isDue, locationStatus } from './decide/locations.ts'
import { rfc3339 } from '../velero/manifest.ts'
import { watchResource } from '../infra/cluster/watch.ts'
import type { BackupStorageLocation } from '../velero/backup.ts'
import { workAlone } from './alone.ts'
import { repeat, serverFieldManager, veleroObject, veleroResource } from './ports.ts'
import type { ServerPorts } from './ports.ts'

const turnMs = 2_000

/** How often locations are looked at, and how long one stays available whose bucket does not answer. */
export interface LocationTimes {
  /** For a location that does not say so itself. */
  validationFrequencySeconds: number
  locationTimeoutSeconds: number
}

/** A location as it was looked at last. */
interface Seen {
  spec: string
  away: Away | undefined
}

/** A location whose bucket does not answer: since when, and when it is looked at again. */
interface Away {
  sinceMs: number
  againMs: number
}

/**
 * Keeps the availability of backup locations current: each is opened and looked at when its time has come, and at once
 * when its spec has changed. A location is looked at once at least, even where its frequency is zero. One whose bucket
 * stops answering is looked at again soon, and stays available for some time.
 */
export async function validateLocations(ports: ServerPorts, times: LocationTimes): Promise<void> {
  const open = new Map<string, BackupStorageLocation>()
  const seen = new Map<string, Seen>()
  const alone = workAlone(ports.log, 'a backup location could not be looked at', 'location')
  const watching = watchResource({
    connection: ports.connection,
    resource: veleroResource('backupstoragelocations'),
    namespace: ports.namespace,
    onChange: (manifest) => open.set(manifest.metadata.name, manifest as unknown as BackupStorageLocation),
    onGone: ({ metadata: { name, uid = '' } }) => {
      open.delete(name)
      seen.delete(uid)
      alone.forget(name)
    },
    onSynced: () => undefined,
    signal: ports.signal,
    log: ports.log,
  })
  const isDueNow = (location: BackupStorageLocation): boolean => {
    const before = seen.get(location.metadata.uid ?? '')
    // Status and spec share one generation, so that only the spec's own text tells a change of it.
    if (before !== undefined && before.spec !== JSON.stringify(location.spec)) return true
    if (before?.away !== undefined) return ports.clock.now().getTime() >= before.away.againMs
    return isTime(ports, location, times.validationFrequencySeconds)
  }
  const check = (location: BackupStorageLocation) =>
    alone.on(location.metadata.name, async () => {
      if (!isDueNow(location)) return
      const uid = location.metadata.uid ?? ''
      const spec = JSON.stringify(location.spec)
      const before = seen.get(uid)
      const sinceMs = before?.spec === spec ? before.away?.sinceMs : undefined
      const away = await validate(ports, location, { sinceMs, patienceSeconds: times.locationTimeoutSeconds })
      seen.set(uid, { spec, away })
    })
  // None waits for another: a bucket that does not answer takes its time to say so.
  const checking = repeat({ ...ports, what: 'validate backup locations', everyMs: turnMs }, async () => {
    for (const location of open.values()) void check(location)
    return Promise.resolve()
  })
  await Promise.all([watching, checking])
}

function isTime(ports: ServerPorts, { spec, status }: BackupStorageLocation, defaultSeconds: number): boolean {
  const schedule = {
    last: status?.phase === undefined || status.phase === '' ? undefined : status.lastValidationTime,
    period: spec.validationFrequency,
    defaultSeconds,
    firstAnyway: true,
  }
  return isDue(schedule, ports.clock.now())
}

/** Looks at a location and writes what it finds. Returns since when its bucket does not answer, while that is borne. */
async function validate(
  ports: ServerPorts,
  location: BackupStorageLocation,
  { sinceMs, patienceSeconds }: { sinceMs: number | undefined; patienceSeconds: number },
): Promise<Away | undefined> {
  const { name } = location.metadata
  const look = await lookAtLocation(ports.stores, location)
  const nowMs = ports.clock.now().getTime()
  const awaySinceMs = sinceMs ?? nowMs
  const decision = decideLocation(location, look, { awayMs: nowMs - awaySinceMs, patienceSeconds })
  if (ports.signal.aborted) return undefined
  if (decision.do === 'write') {
    await writeStatus(ports, location, decision.problem)
    return undefined
  }
  const problem = 'problem' in look ? look.problem : ''
  if (sinceMs === undefined)
    ports.log.warn('the bucket of a backup location does not answer; it is waited for', { location: name, problem })
  return { sinceMs: awaySinceMs, againMs: nowMs + decision.seconds * 1000 }
}

async function writeStatus(
  ports: ServerPorts,
  location: BackupStorageLocation,
  problem: string | undefined,
): Promise<void> {
  const { name, uid, resourceVersion } = location.metadata
  const status = locationStatus(location, problem, rfc3339(ports.clock.now()))
  if (location.status?.phase !== status.phase)
    ports.log.info('a backup location has changed its phase', { location: name, phase: status.phase, problem })
  try {
    await ports.cluster.patch(
      veleroObject(ports, 'backupstoragelocations', name),
      { metadata: { uid, resourceVersion }, status },
      { fieldManager: serverFieldManager },
    )
  } catch (error) {
    // Changed meanwhile: the next turn sees the new one.
    if (!isConflict(error) && !isNotFound(error)) throw error
  }
}
