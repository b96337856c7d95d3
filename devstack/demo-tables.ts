import Table from 'cli-table3'
import type { ResourceList } from '../velero/results.ts'

/** No colours: the tables are read in logs as well. */
const plain = { style: { head: [], border: [], compact: true } }

/** What was restored, by kind and by what became of it. */
export function showList(list: ResourceList): void {
  const table = new Table({ head: ['kind', 'objects', 'created', 'updated', 'skipped', 'failed'], ...plain })
  for (const [kind, entries] of Object.entries(list)) {
    const count = (action: string) => entries.filter((entry) => entry.endsWith(`(${action})`)).length
    table.push([kind, entries.length, count('created'), count('updated'), count('skipped'), count('failed')])
  }
  console.log(table.toString())
}

/** The phases that a Restore went through, in the order in which a watch saw them. */
export function showPhases(phases: readonly string[]): void {
  console.log(`Phases: ${phases.join(' → ')}`)
}

/** The files of a restore in the bucket. */
export function showFiles(files: readonly { key: string; bytes: number }[]): void {
  const table = new Table({ head: ['in the bucket', 'bytes'], colAligns: ['left', 'right'], ...plain })
  for (const { key, bytes } of files) table.push([key, bytes])
  console.log(table.toString())
}
