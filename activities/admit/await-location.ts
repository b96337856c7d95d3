import type { Wait } from '../../contract/look.ts'
import { formatGoDuration } from '../../core/values/go-duration.ts'
import type { BackupStorageLocation } from '../../velero/backup.ts'
import { lookAtLocation } from '../frame/locations.ts'
import type { WorkerParts } from '../frame/session.ts'

/** What one look at an admission leaves for the next. */
export interface AdmitCarry {
  /** When the bucket was first seen to be away, in milliseconds since 1970. */
  awaySinceMs: number
}

/** Seconds between looks at a location that is not available. */
const awaySeconds = 5

/**
 * A location whose bucket does not answer may be available again soon, and so may one whose bucket answers but that nobody
 * has looked at since: the restore waits for it for some time. One whose bucket says no is not waited for. `problems` are
 * what the user is told beside Velero's words.
 */
export async function awaitLocation(
  { ports, settings }: WorkerParts,
  location: BackupStorageLocation | undefined,
  carry: AdmitCarry | undefined,
): Promise<Wait | { problems: string[] }> {
  if (location === undefined) return { problems: [] }
  const { name } = location.metadata
  const look = await lookAtLocation(ports.stores, location)
  if (look.bucket === 'wrong') return { problems: [] }
  const why =
    look.bucket === 'away'
      ? look.problem
      : `its bucket answers, and its phase is ${location.status?.phase || 'not set'}`
  const nowMs = ports.clock.now().getTime()
  const awaySinceMs = carry?.awaySinceMs ?? nowMs
  const leftMs = awaySinceMs + settings.locationTimeoutSeconds * 1000 - nowMs
  const waited = formatGoDuration(settings.locationTimeoutSeconds * 1000)
  if (leftMs <= 0) return { problems: [`waited ${waited} (DRYDOCK_LOCATION_TIMEOUT) for location "${name}": ${why}`] }
  return {
    waitingFor: `backup location "${name}" to be available: ${why}`,
    afterSeconds: Math.min(awaySeconds, leftMs / 1000),
    carry: { awaySinceMs } satisfies AdmitCarry,
  }
}
