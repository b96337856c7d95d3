import type { BackupStorageLocation } from '../../velero/backup.ts'

/** The status of a location after a look at it: `problem` is what was wrong, undefined where nothing was. */
export function locationStatus(
  location: BackupStorageLocation,
  problem: string | undefined,
  now: string,
): { phase: 'Available' | 'Unavailable'; message: string | null; lastValidationTime: string } {
  if (problem === undefined) return { phase: 'Available', message: null, lastValidationTime: now }
  const message = `BackupStorageLocation ${JSON.stringify(location.metadata.name)} is unavailable: ${problem}`
  return { phase: 'Unavailable', message, lastValidationTime: now }
}

/** What Velero refuses in a location's spec before it opens it; undefined where nothing is. */
export function checkLocationSpec({ spec }: BackupStorageLocation): string | undefined {
  const { caCert, caCertRef } = spec.objectStorage ?? {}
  return caCert !== undefined && caCert !== '' && caCertRef !== undefined
    ? 'cannot specify both caCert and caCertRef in objectStorage'
    : undefined
}
