/** So many are named in a sentence. */
const namedMax = 5

/** The first of some names, and how many more there are: `a, b, c, d, e and 2 more`. */
export function firstNames(names: readonly string[]): string {
  const more = names.length - namedMax
  return `${names.slice(0, namedMax).join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}
