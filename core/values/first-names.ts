/** The first of some names, and how many more there are: `a, b, c, d, e and 2 more`. */
export function firstNames(names: readonly string[], namedMax = 5): string {
  const more = names.length - namedMax
  return `${names.slice(0, namedMax).join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}
