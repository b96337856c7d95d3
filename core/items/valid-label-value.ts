import { sha256Hex } from '../sha256.ts'

const labelValueLengthMax = 63
const hashLength = 6

/**
 * Velero's label value for a name: names that fit stay as they are, longer ones keep their beginning and end in six
 * digits of their hash, so that two long names with the same beginning do not become one. Nothing else is sanitised.
 */
export function validLabelValue(name: string): string {
  const bytes = new TextEncoder().encode(name)
  if (bytes.length <= labelValueLengthMax) return name
  // Go cuts bytes, not characters. Names are ASCII wherever a label value is legal, so only the count has to agree.
  const beginning = new TextDecoder().decode(bytes.subarray(0, labelValueLengthMax - hashLength))
  return beginning + sha256Hex(name).slice(0, hashLength)
}
