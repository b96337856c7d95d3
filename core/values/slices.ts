/**
 * A long computation in steps. It is still pure: whoever runs it may do something else at each `yield`, such as answer a
 * request, and the result is the same.
 */
export type Steps<T> = Generator<undefined, T>

/** Items between two pauses: so few that they take about a millisecond. */
const pauseItems = 256

/** Runs a computation to its end, without a pause. */
export function finish<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next()
    if (step.done === true) return step.value
  }
}

/** Does something with each item, with pauses. */
export function* forEachInSteps<T>(items: Iterable<T>, work: (item: T, index: number) => void): Steps<void> {
  let index = 0
  for (const item of items) {
    work(item, index++)
    if (index % pauseItems === 0) yield
  }
}

/** Items that are sorted in one go: one such sort takes a few milliseconds. */
const sortItems = 2048

/** A sorted copy, made with pauses. Like `toSorted` it keeps the order of equal items. */
export function* sortInSteps<T>(items: Iterable<T>, compare: (a: T, b: T) => number): Steps<T[]> {
  let runs: T[][] = []
  let run: T[] = []
  for (const item of items) {
    run.push(item)
    if (run.length < sortItems) continue
    runs.push(run.sort(compare))
    run = []
    yield
  }
  runs.push(run.sort(compare))
  while (runs.length > 1) {
    const merged: T[][] = []
    for (let at = 0; at < runs.length; at += 2)
      merged.push(yield* mergeInSteps(runs[at] ?? [], runs[at + 1] ?? [], compare))
    runs = merged
  }
  return runs[0] ?? []
}

function* mergeInSteps<T>(left: readonly T[], right: readonly T[], compare: (a: T, b: T) => number): Steps<T[]> {
  const merged: T[] = []
  let [l, r] = [0, 0]
  while (l < left.length || r < right.length) {
    const isLeft = r >= right.length || (l < left.length && compare(left[l] as T, right[r] as T) <= 0)
    merged.push((isLeft ? left[l++] : right[r++]) as T)
    if (merged.length % (4 * pauseItems) === 0) yield
  }
  return merged
}

/** A computation within one that makes a text in pieces: its pauses are empty pieces. */
export function* withPauses<T>(steps: Steps<T>): Generator<string, T> {
  for (;;) {
    const step = steps.next()
    if (step.done === true) return step.value
    yield ''
  }
}
