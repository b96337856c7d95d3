import { createHash } from 'node:crypto'

const nameLengthMax = 63
const hashLength = 12

/**
 * The name of a companion: an object that a restore creates beside an item of the backup (rule 6). The name depends
 * only on the restore, the item and the purpose. So a repeated attempt finds the object that an earlier attempt
 * created. The prefix helps people to read the name. The result is a DNS label.
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

/** What a companion's name is made from. */
export interface CompanionIdentity {
  restoreUid: string
  /** The item as Velero's id: `persistentvolumeclaims/shop/data`, by the names of the backup. */
  item: string
  /** What the object is for, such as `data-download`. */
  purpose: string
}

/** The purpose of an order: what is ordered anew in a later run of the restore gets another name. */
export function inRun(purpose: string, run: number | undefined): string {
  return run === undefined ? purpose : `${purpose}, run ${run}`
}

/** The same identity as a hexadecimal hash, for suffixes where Velero takes random letters. */
export function companionHash({ restoreUid, item, purpose }: CompanionIdentity): string {
  return sha256Hex(JSON.stringify([restoreUid, item, purpose]))
}

/**
 * The name of a restored VolumeSnapshot, of its VolumeSnapshotContent and of the stub of its group, as Velero derives
 * it. It contains the restore's uid: contents are cluster-scoped, and two restores of one backup must not share a name.
 */
export function snapshotName(restoreUid: string, name: string): string {
  return sha256Hex(`${restoreUid}/${name}`)
}

const generatedLength = 10
/** Kubernetes' own alphabet for generated names: no vowels, so no words. */
const generatedAlphabet = 'bcdfghjklmnpqrstvwxz2456789'

/**
 * The name of an object of the backup that only has `metadata.generateName`: the prefix, as Kubernetes shortens it, and
 * characters from a hash of restore and item (`itemKey`). Kubernetes takes five random characters; these are ten, for
 * two items of one restore must never meet in one name.
 */
export function generatedName(prefix: string, restoreUid: string, item: string): string {
  let rest = BigInt(`0x${sha256Hex(JSON.stringify([restoreUid, item, 'generateName']))}`)
  const base = BigInt(generatedAlphabet.length)
  let suffix = ''
  for (let length = 0; length < generatedLength; length++) {
    suffix += generatedAlphabet[Number(rest % base)]
    rest /= base
  }
  return prefix.slice(0, nameLengthMax - generatedLength) + suffix
}

const labelValueLengthMax = 63
const labelHashLength = 6

/**
 * A name as a label value, as Velero makes it. A name of at most 63 bytes stays as it is. Of a longer one the first 57
 * bytes stay, followed by six digits of its hash. Invalid characters are not replaced.
 * Source: pkg/label/label.go GetValidName.
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
 * Only here does core call a Node builtin: a hash is a pure function.
 */
export function sha256Hex(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex')
}
