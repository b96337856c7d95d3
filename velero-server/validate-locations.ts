import { isConflict, isNotFound, StoreError } from '../core/port-errors.ts'
import { checkFolders } from './decide/check-folders.ts'
import { isDue } from './decide/is-due.ts'
import { checkLocationSpec, locationStatus } from './decide/location-status.ts'
import { rfc3339 } from '../velero/manifest.ts'
import { watchResource } from '../infra/cluster/watch.ts'
import type { BackupStorageLocation } from '../velero/backup.ts'
import { repeat } from './repeat.ts'
import { serverFieldManager, veleroObject, veleroResource } from './server-desk.ts'
import type { ServerDesk } from './server-desk.ts'

const turnMs = 2_000

/**
 * Keeps the availability of backup locations current: each is opened and looked at when its time has come, and at once
 * when its spec has changed. A location is looked at once at least, even where its frequency is zero.
 */
export async function validateLocations(desk: ServerDesk, frequencySeconds: number): Promise<void> {
  const open = new Map<string, BackupStorageLocation>()
  const checked = new Map<string, string>()
  const busy = new Set<string>()
  const watching = watchResource({
    connection: desk.connection,
    resource: veleroResource('backupstoragelocations'),
    namespace: desk.namespace,
    onChange: (manifest) => open.set(manifest.metadata.name, manifest as unknown as BackupStorageLocation),
    onGone: (manifest) => open.delete(manifest.metadata.name),
    onSynced: () => undefined,
    signal: desk.signal,
    log: desk.log,
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
      await validate(desk, location)
      checked.set(uid, JSON.stringify(location.spec))
    } catch (error) {
      desk.log.warn('a backup location could not be looked at', {
        location: location.metadata.name,
        error: String(error),
      })
    } finally {
      busy.delete(uid)
    }
  }
  // None waits for another: a bucket that does not answer takes its time to say so.
  const checking = repeat({ ...desk, what: 'validate backup locations', everyMs: turnMs }, async () => {
    for (const location of open.values())
      if (isChanged(location) || isTime(desk, location, frequencySeconds)) void check(location)
    return Promise.resolve()
  })
  await Promise.all([watching, checking])
}

function isTime(desk: ServerDesk, { spec, status }: BackupStorageLocation, defaultSeconds: number): boolean {
  const schedule = {
    last: status?.phase === undefined || status.phase === '' ? undefined : status.lastValidationTime,
    period: spec.validationFrequency,
    defaultSeconds,
    firstAnyway: true,
  }
  return isDue(schedule, desk.clock.now())
}

async function validate(desk: ServerDesk, location: BackupStorageLocation): Promise<void> {
  const problem = checkLocationSpec(location) ?? (await look(desk, location))
  if (desk.signal.aborted) return
  const { name, uid, resourceVersion } = location.metadata
  const status = locationStatus(location, problem, rfc3339(desk.clock.now()))
  if (location.status?.phase !== status.phase)
    desk.log.info('a backup location has changed its phase', { location: name, phase: status.phase, problem })
  try {
    await desk.cluster.patch(
      veleroObject(desk, 'backupstoragelocations', name),
      { metadata: { uid, resourceVersion }, status },
      { fieldManager: serverFieldManager },
    )
  } catch (error) {
    // Changed meanwhile: the next turn sees the new one.
    if (!isConflict(error) && !isNotFound(error)) throw error
  }
}

/** What is wrong with the bucket; undefined where nothing is. */
async function look(desk: ServerDesk, location: BackupStorageLocation): Promise<string | undefined> {
  try {
    const store = await desk.stores.open(location)
    return checkFolders(await store.folders())
  } catch (error) {
    if (error instanceof StoreError) return error.message
    throw error
  }
}
