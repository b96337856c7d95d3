/**
 * A table in columns, as kubectl prints them. On a terminal that is too narrow the columns at the right are left out,
 * so that a row stays a row.
 */
export function renderTable(head: readonly string[], rows: readonly (readonly string[])[], width = Infinity): string {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => (row[column] ?? '').length)))
  const columns = columnsThatFit(widths, width)
  return [head, ...rows]
    .map((row) =>
      row
        .slice(0, columns)
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('   ')
        .trimEnd(),
    )
    .join('\n')
}

/** At least one: its end is then cut by the terminal. */
function columnsThatFit(widths: readonly number[], width: number): number {
  let used = 0
  for (const [column, wanted] of widths.entries()) {
    used += wanted + (column === 0 ? 0 : 3)
    if (used > width) return Math.max(1, column)
  }
  return widths.length
}
