import { sha256Hex } from '../sha256.ts'

const labelValueLengthMax = 63
const hashLength = 6

/**
 * Velero's label value for a name: names that fit stay as they are, longer ones keep their beginning and end in six
 * digits of their hash, so that two long names with the same beginning do not become one. Nothing else is sanitised.
 */
export function validLabelValue(name: string): string {
  const bytes = Buffer.byteLength(name)
  if (bytes <= labelValueLengthMax) return name
  return firstBytes(name, labelValueLengthMax - hashLength) + sha256Hex(name).slice(0, hashLength)
}

/** Go cuts bytes, not characters; names are ASCII wherever a label value is legal, so only the count must agree. */
function firstBytes(text: string, count: number): string {
  return Buffer.from(text).subarray(0, count).toString()
}
