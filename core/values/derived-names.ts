import { createHash } from 'node:crypto'

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

/**
 * The name that VolumeSnapshot, its content and the stub of its group get in a restore, as Velero derives it: restores of
 * the same backup must not meet in one name, and content is cluster-scoped.
 */
export function snapshotName(restoreUid: string, name: string): string {
  return sha256Hex(`${restoreUid}/${name}`)
}

const labelValueLengthMax = 63
const labelHashLength = 6

/**
 * Velero's label value for a name: names that fit stay as they are, longer ones keep their beginning and end in six
 * digits of their hash, so that two long names with the same beginning do not become one. Nothing else is sanitised.
 */
export function validLabelValue(name: string): string {
  const bytes = new TextEncoder().encode(name)
  if (bytes.length <= labelValueLengthMax) return name
  // Go cuts bytes, not characters. Names are ASCII wherever a label value is legal, so only the count has to agree.
  const beginning = new TextDecoder().decode(bytes.subarray(0, labelValueLengthMax - labelHashLength))
  return beginning + sha256Hex(name).slice(0, labelHashLength)
}

/**
 * The SHA-256 of a text in hexadecimal. Velero derives names and label values from it, and so do we.
 * It is the one place in core that calls a Node builtin: a hash is pure, and Node's needs no dependency.
 */
export function sha256Hex(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex')
}
