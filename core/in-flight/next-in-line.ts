/**
 * Which of the restores that wait for a place gets the next one: the one that has the fewest, and of several such the one
 * that stands first. So a small restore need not wait behind all that a large one has in line. Undefined where none waits.
 */
export function nextInLine(waiting: Iterable<string>, held: ReadonlyMap<string, number>): string | undefined {
  let [next, fewest]: [string | undefined, number] = [undefined, Infinity]
  for (const restore of waiting) {
    const places = held.get(restore) ?? 0
    if (places < fewest) [next, fewest] = [restore, places]
  }
  return next
}
