import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Table from 'cli-table3'
import { Command } from 'commander'
import { startStack, stopStack } from '../devstack/stack.ts'
import { countCalls } from './count-calls.ts'
import type { CallCount } from './count-calls.ts'
import { measureDrydock } from './measure-drydock.ts'
import { measureVelero } from './measure-velero.ts'
import type { Measurement } from './measure-restore.ts'

const program = new Command('bench')
  .description('Restores bulk5k (5,003 items) with everything on this machine, and says how fast.')
  .option('--quick', 'Drydock alone, one run in mode exact')
  .option('--runs <n>', 'runs of each', '1')
  .option('--calls', 'count the requests per object by the audit log instead, in both modes of managed fields')
  .addHelpText(
    'after',
    '\nWithout --quick, real Velero v1.18.3 restores the same backup in the same run, as installed and unlimited.',
  )
  .parse()

const options = program.opts<{ quick?: boolean; calls?: boolean; runs: string }>()
const dir = mkdtempSync(join(tmpdir(), 'drydock-bench-'))
try {
  const stack = await startStack({ dir, backups: ['bulk5k'], report: (line) => console.error(line) })
  if (options.calls === true) showCalls([...(await countCalls(stack, 'exact')), ...(await countCalls(stack, 'owners'))])
  const rows: Measurement[] = []
  for (let run = 0; run < Number(options.runs) && options.calls !== true; run++) {
    rows.push(await measureDrydock(stack, { managedFields: 'exact' }))
    if (options.quick === true) continue
    rows.push(await measureDrydock(stack, { managedFields: 'owners' }))
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

/** Prints seconds and rates, and each rate as a multiple of Velero's as installed. */
function show(rows: readonly Measurement[]): void {
  const asInstalled = rows.find((row) => row.name === 'Velero, as installed')
  const table = new Table({
    head: ['', 'seconds', 'items', 'items/s', ...(asInstalled ? ['times Velero as installed'] : [])],
  })
  for (const row of rows) {
    const rate = row.items / row.seconds
    const ratio = asInstalled === undefined ? [] : [(rate / (asInstalled.items / asInstalled.seconds)).toFixed(1)]
    table.push([row.name, row.seconds.toFixed(1), row.items, Math.round(rate), ...ratio])
  }
  console.log(table.toString())
}

/** Prints what the API server was asked, by kind of object. */
function showCalls(counts: readonly CallCount[]): void {
  const table = new Table({ head: ['', 'objects', 'requests', 'per object'] })
  for (const { what, objects, verbs, perObject } of counts) table.push([what, objects, verbs, perObject.toFixed(2)])
  console.log(table.toString())
}
