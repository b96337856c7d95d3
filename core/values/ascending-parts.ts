import { forEachInSteps } from './slices.ts'
import type { Steps } from './slices.ts'

/** Numbers of one part, about: their texts are in memory at the same time. */
const partLength = 4096
/** So many samples are taken for each part, so that the parts come out about as long as each other. */
const samplesPerPart = 8

/**
 * Deals out numbers of texts into parts: no text of a part is greater than one of the next. Who sorts a large list part by part has the
 * texts of one part in memory, not all. `textOf` makes the text of a number. Equal texts are all in one part, and texts that come in an
 * order which the samples miss may make a long one.
 */
export function* ascendingPartsInSteps(
  numbers: readonly number[],
  textOf: (number: number) => string,
  length = partLength,
): Steps<Uint32Array[]> {
  const bounds = boundsOf(numbers, textOf, length)
  const partOf = new Uint32Array(numbers.length)
  const lengths = new Uint32Array(bounds.length + 1)
  yield* forEachInSteps(numbers, (number, index) => {
    const part = partFor(textOf(number), bounds)
    partOf[index] = part
    lengths[part] = (lengths[part] ?? 0) + 1
  })
  const parts = Array.from(lengths, (each) => new Uint32Array(each))
  lengths.fill(0)
  yield* forEachInSteps(numbers, (number, index) => {
    const part = partOf[index] ?? 0
    const at = lengths[part] ?? 0
    lengths[part] = at + 1
    const into = parts[part]
    if (into !== undefined) into[at] = number
  })
  return parts
}

/** The texts at which a new part begins, in ascending order; none where all numbers fit into one part. */
function boundsOf(numbers: readonly number[], textOf: (number: number) => string, length: number): string[] {
  const parts = Math.ceil(numbers.length / length)
  if (parts <= 1) return []
  const apart = Math.max(1, Math.floor(length / samplesPerPart))
  const samples: string[] = []
  for (let at = 0; at < numbers.length; at += apart) samples.push(textOf(numbers[at] ?? 0))
  samples.sort()
  return samples.filter((_, index) => index > 0 && index % samplesPerPart === 0)
}

/** How many bounds are not greater than a text. */
function partFor(text: string, bounds: readonly string[]): number {
  let [from, to] = [0, bounds.length]
  while (from < to) {
    const middle = (from + to) >>> 1
    if ((bounds[middle] ?? '') <= text) from = middle + 1
    else to = middle
  }
  return from
}
