/** Entries that one annotation of a Restore may have: annotations are limited to 256 KiB in all. */
export const entriesMax = 1000

/** The entries of a list with commas, without those that are empty. */
export function entriesOf(value: string): string[] {
  return value.split(',').flatMap((entry) => (entry.trim() === '' ? [] : [entry.trim()]))
}

/** The entries `<from>=<to>` of such a list; what lacks a part has an empty text there. */
export function pairsOf(value: string): [from: string, to: string][] {
  return entriesOf(value).map((entry) => {
    const at = entry.indexOf('=')
    return [entry.slice(0, Math.max(at, 0)).trim(), entry.slice(at + 1).trim()]
  })
}

/** What somebody has written, in quotes; of a long text the beginning. */
export function quoted(value: string): string {
  return JSON.stringify(value.length > 100 ? `${value.slice(0, 100)}…` : value)
}
