import { sha256Hex } from '../sha256.ts'

const nameLengthMax = 63
const hashLength = 12

/**
 * The name of an object that a restore creates beside an item of the backup (rule 6). It depends on the restore, the item
 * and the purpose alone, so a repeated attempt finds what the one before it created instead of creating a second.
 * The prefix is there for the reader. The result is a DNS label.
 */
export function companionName(prefix: string, identity: CompanionIdentity): string {
  const readable = prefix
    .toLowerCase()
    .replace(/[^a-z0-9-]/g, '-')
    .slice(0, nameLengthMax - hashLength - 1)
    .replace(/^-+|-+$/g, '')
  const hash = companionHash(identity).slice(0, hashLength)
  return readable === '' ? `x${hash}` : `${readable}-${hash}`
}

/** What tells companions apart. */
export interface CompanionIdentity {
  restoreUid: string
  /** The item as Velero's id: `persistentvolumeclaims/shop/data`, by the names of the backup. */
  item: string
  /** What the object is for, such as `data-download`. */
  purpose: string
}

/** The hexadecimal hash behind the name, for suffixes where Velero takes a random one. */
export function companionHash({ restoreUid, item, purpose }: CompanionIdentity): string {
  return sha256Hex(JSON.stringify([restoreUid, item, purpose]))
}
