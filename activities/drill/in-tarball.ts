import type { DrillRequest } from '../../core/drill/drill-request.ts'
import { backupContentsKey } from '../../velero/object-keys.ts'
import { openLocation } from '../frame/locations.ts'
import type { Attempt } from '../frame/run-activity.ts'
import type { Archive } from '../archive-port.ts'
import type { DrillPorts } from './drill-input.ts'

/** A backup, and the location that holds it. */
export interface ChosenBackup {
  name: string
  location: string
}

/** Reads in the tarball of a backup. It may have to be downloaded first: the heartbeat says so. */
export async function inTarball<T>(
  ports: DrillPorts,
  { request, backup, attempt }: { request: DrillRequest; backup: ChosenBackup; attempt: Attempt },
  read: (archive: Archive) => T | Promise<T>,
): Promise<T> {
  attempt.waitingFor(`the tarball of backup ${backup.name}`)
  const store = await openLocation(ports, request.namespace, backup.location)
  const archive = await ports.archives.open(store, backupContentsKey(backup.name), { signal: attempt.signal })
  attempt.waitingFor(undefined)
  try {
    return await read(archive)
  } finally {
    await archive.close()
  }
}
