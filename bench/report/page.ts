import { foreignMax, isDisturbed } from '../measurement.ts'
import type { Measurement } from '../measurement.ts'
import { costTable, roundsTable, speedTable } from './columns.ts'
import type { Table } from './columns.ts'
import { summarize } from './summary.ts'

/** A workload with what was measured of it. */
export interface MeasuredWorkload {
  name: string
  title: string
  part?: { contenders: readonly string[]; because: string }
  measurements: readonly Measurement[]
}

/** What the page says beside the measurements. */
export interface PageOptions {
  titleOf: (contender: string) => string
  /** The folder of the plots, as the page links to it. */
  plots: string
  /** The versions of the servers, in one line. */
  versions: string
}

/** The text of the page about performance, in Markdown. */
export function pageText(measured: readonly MeasuredWorkload[], options: PageOptions): string {
  return [head(measured, options), ...measured.map((workload) => section(workload, options))].join('\n\n')
}

function head(measured: readonly MeasuredWorkload[], { versions }: PageOptions): string {
  const models = new Set(measured.flatMap(({ measurements }) => measurements.map(({ machine }) => machine.model)))
  return `# Performance

This page is written by \`npm run bench -- --page\`; do not edit it. What grows with what, and where the limits are, is in [scaling.md](scaling.md).

**The machine:** ${[...models].join('; ')}; ${versions}. All servers and the contender share it, so a contender that needs less CPU leaves more of it to the API server.

**How it is measured.** The contenders take turns (A B A B), each on new servers. A restore is measured from the creation of the Restore to its
terminal phase. _Real Velero_ runs as installed (its client sends 100 requests a second), and with that limit lifted. _Drydock_ runs with its default
settings in both modes of managed fields (\`DRYDOCK_MANAGED_FIELDS\`). The _raw writes_ are the limit: a load generator has the same requests ready before the
clock starts, sends them over as many connections as a worker uses, and does nothing else: no archive is read, no result is stored.
_The second time_: the same process has restored another backup, of 5,000 ConfigMaps, before. A worker runs for long, and its JavaScript becomes fast by being run.

**What to trust.** Figures are medians of the rounds. Ratios are those within a round, since the machine may change between rounds. CPU per item hardly depends
on what else runs; seconds do. A round counts as _disturbed_ where programs outside the bench, or other virtual machines on the same host, used more than
${foreignMax} processors.

**CPU** is user and system time from \`/proc\`, children included. What the same processes used before the restore began, with nothing to do, is subtracted: that share
grows with the seconds. _Restorer_ is the worker, Velero's server, or the load generator. _Restorer and Temporal, in raw writes_ is what Drydock itself costs, in units of what one raw
write of mode owners costs the API server in the same round: no speed of the machine is in it. Another client reads one object ten times a second meanwhile, over a
connection of its own; its slowest reads are the column _p99 of another client_. Requests are those about the restored resources, as the API server counts them.`
}

function section({ name, title, part, measurements }: MeasuredWorkload, { titleOf, plots }: PageOptions): string {
  const summaries = summarize(measurements)
  const disturbed = measurements.filter(isDisturbed).length
  const lines = [
    `## ${name}`,
    `${title}.`,
    `<picture>\n<source media="(prefers-color-scheme: dark)" srcset="${plots}/${name}-dark.svg">\n` +
      `<img alt="Items per second and CPU per item of each contender" src="${plots}/${name}-light.svg">\n</picture>`,
    ...(part === undefined ? [] : [`${part.contenders.map(titleOf).join(' and ')}: ${part.because}.`]),
    ...(disturbed === 0
      ? []
      : [`**${disturbed} of ${measurements.length} runs were disturbed:** see the rounds below.`]),
    markdown(speedTable(summaries, titleOf)),
    markdown(costTable(summaries, titleOf)),
    `<details>\n<summary>The rounds; processors used meanwhile by others, and idle</summary>`,
    markdown(roundsTable(measurements, titleOf)),
    '</details>',
  ]
  return lines.join('\n\n')
}

function markdown({ head: titles, rows }: Table): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  const isNumeric = titles.map((_, column) => rows.every((row) => /^[\d.,]*$/.test(row[column] ?? '')))
  const rule = isNumeric.map((numeric) => (numeric ? '--:' : '---'))
  return [line(titles), line(rule), ...rows.map(line)].join('\n')
}
