import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { renderTable } from '../client/show/render-table.ts'
import { Command } from 'commander'
import { startStack, stopStack } from '../devstack/stack.ts'
import { countCalls } from './count-calls.ts'
import type { CallCount } from './count-calls.ts'
import { measureDrydock, measureVelero } from './measure.ts'
import type { Measurement } from './measure.ts'

const program = new Command('bench')
  .description('Restores the backup bulk5k (5,003 items) with all servers on this machine, and measures the speed.')
  .option('--quick', 'only Drydock, in mode exact')
  .option('--runs <n>', 'number of runs of each', '1')
  .option(
    '--calls',
    'instead of the speed, count the requests for each object in the audit log, in both modes of managed fields',
  )
  .addHelpText(
    'after',
    '\nWithout --quick, real Velero v1.18.3 restores the same backup too: with its default limits, and without limits.',
  )
  .parse()

const options = program.opts<{ quick?: boolean; calls?: boolean; runs: string }>()
const dir = mkdtempSync(join(tmpdir(), 'drydock-bench-'))
try {
  const stack = await startStack({ dir, backups: ['bulk5k'], report: (line) => console.error(line) })
  if (options.calls === true) showCalls([...(await countCalls(stack, 'exact')), ...(await countCalls(stack, 'owners'))])
  const rows: Measurement[] = []
  for (let run = 0; run < Number(options.runs) && options.calls !== true; run++) {
    rows.push(await measureDrydock(stack, 'exact'))
    if (options.quick === true) continue
    rows.push(await measureDrydock(stack, 'owners'))
    rows.push(
      await measureVelero(stack, {
        name: 'Velero, QPS and burst unlimited',
        flags: ['--client-qps=100000', '--client-burst=100000'],
      }),
    )
    rows.push(await measureVelero(stack, { name: 'Velero, as installed', flags: [] }))
  }
  if (rows.length > 0) show(rows)
} finally {
  await stopStack(dir)
  rmSync(dir, { recursive: true, force: true })
}

/** Prints seconds and items per second, and compares each rate with that of Velero as installed. */
function show(rows: readonly Measurement[]): void {
  const asInstalled = rows.find((row) => row.name === 'Velero, as installed')
  const head = ['', 'seconds', 'items', 'items/s', ...(asInstalled ? ['times Velero as installed'] : [])]
  const cells = rows.map((row) => {
    const rate = row.items / row.seconds
    const ratio = asInstalled === undefined ? [] : [(rate / (asInstalled.items / asInstalled.seconds)).toFixed(1)]
    return [row.name, row.seconds.toFixed(1), row.items, Math.round(rate), ...ratio]
  })
  console.log(renderTable(head, cells))
}

/** Prints the requests to the API server by kind of object. */
function showCalls(counts: readonly CallCount[]): void {
  const cells = counts.map(({ what, objects, verbs, perObject }) => [what, objects, verbs, perObject.toFixed(2)])
  console.log(renderTable(['', 'objects', 'requests', 'per object'], cells))
}
