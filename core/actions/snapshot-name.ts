import { sha256Hex } from '../sha256.ts'

/**
 * The name that VolumeSnapshot, its content and the stub of its group get in a restore, as Velero derives it: restores of
 * the same backup must not meet in one name, and content is cluster-scoped.
 */
export function snapshotName(restoreUid: string, name: string): string {
  return sha256Hex(`${restoreUid}/${name}`)
}
