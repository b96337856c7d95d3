/** A cell of a table. Columns of numbers are aligned to the right. */
export type Cell = string | number

/**
 * A table in columns without borders, as kubectl prints them. Where `width` is too small, the columns at the right are left
 * out, so that each row stays one line.
 */
export function renderTable(head: readonly string[], rows: readonly (readonly Cell[])[], width = Infinity): string {
  const cells = rows.map((row) => head.map((_, column) => row[column] ?? ''))
  const columns = head.map((title, column) => ({
    characters: Math.max(title.length, ...cells.map((row) => String(row[column]).length)),
    isNumeric: cells.length > 0 && cells.every((row) => typeof row[column] === 'number'),
  }))
  const shown = columns.slice(0, countThatFit(columns, width))
  const lineOf = (row: readonly Cell[]) =>
    shown.map(({ characters, isNumeric }, column) => {
      const text = String(row[column])
      return isNumeric ? text.padStart(characters) : text.padEnd(characters)
    })
  return [head, ...cells].map((row) => lineOf(row).join('   ').trimEnd()).join('\n')
}

/** At least one: the terminal then cuts its end. */
function countThatFit(columns: readonly { characters: number }[], width: number): number {
  let used = 0
  for (const [column, { characters }] of columns.entries()) {
    used += characters + (column === 0 ? 0 : 3)
    if (used > width) return Math.max(1, column)
  }
  return columns.length
}
