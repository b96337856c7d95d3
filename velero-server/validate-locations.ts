import { isConflict, isNotFound, StoreError } from '../core/port-errors.ts'
import { checkFolders, checkLocationSpec, isDue, locationStatus } from './decide/locations.ts'
import { rfc3339 } from '../velero/manifest.ts'
import { watchResource } from '../infra/cluster/watch.ts'
import type { BackupStorageLocation } from '../velero/backup.ts'
import { repeat, serverFieldManager, veleroObject, veleroResource } from './ports.ts'
import type { ServerPorts } from './ports.ts'

const turnMs = 2_000

/**
 * Keeps the availability of backup locations current: each is opened and looked at when its time has come, and at once
 * when its spec has changed. A location is looked at once at least, even where its frequency is zero.
 */
export async function validateLocations(ports: ServerPorts, frequencySeconds: number): Promise<void> {
  const open = new Map<string, BackupStorageLocation>()
  const checked = new Map<string, string>()
  const busy = new Set<string>()
  const watching = watchResource({
    connection: ports.connection,
    resource: veleroResource('backupstoragelocations'),
    namespace: ports.namespace,
    onChange: (manifest) => open.set(manifest.metadata.name, manifest as unknown as BackupStorageLocation),
    onGone: (manifest) => open.delete(manifest.metadata.name),
    onSynced: () => undefined,
    signal: ports.signal,
    log: ports.log,
  })
  // Status and spec share one generation, so that only the spec's own text tells a change of it.
  const isChanged = ({ metadata, spec }: BackupStorageLocation): boolean => {
    const known = checked.get(metadata.uid ?? '')
    return known !== undefined && known !== JSON.stringify(spec)
  }
  const check = async (location: BackupStorageLocation): Promise<void> => {
    const uid = location.metadata.uid ?? ''
    if (busy.has(uid)) return
    busy.add(uid)
    try {
      await validate(ports, location)
      checked.set(uid, JSON.stringify(location.spec))
    } catch (error) {
      ports.log.warn('a backup location could not be looked at', {
        location: location.metadata.name,
        error: String(error),
      })
    } finally {
      busy.delete(uid)
    }
  }
  // None waits for another: a bucket that does not answer takes its time to say so.
  const checking = repeat({ ...ports, what: 'validate backup locations', everyMs: turnMs }, async () => {
    for (const location of open.values())
      if (isChanged(location) || isTime(ports, location, frequencySeconds)) void check(location)
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

async function validate(ports: ServerPorts, location: BackupStorageLocation): Promise<void> {
  const problem = checkLocationSpec(location) ?? (await look(ports, location))
  if (ports.signal.aborted) return
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

/** What is wrong with the bucket; undefined where nothing is. */
async function look(ports: ServerPorts, location: BackupStorageLocation): Promise<string | undefined> {
  try {
    const store = await ports.stores.open(location)
    return checkFolders(await store.folders())
  } catch (error) {
    if (error instanceof StoreError) return error.message
    throw error
  }
}
