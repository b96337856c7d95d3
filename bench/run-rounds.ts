import { join } from 'node:path'
import type { Contender } from './contenders.ts'
import { measureRun } from './measure-run.ts'
import { isDisturbed } from './measurement.ts'
import type { Measurement } from './measurement.ts'
import { keepMeasurement, readMeasurements } from './report/results-file.ts'
import { backupFolderOf, workloads } from './workloads.ts'
import type { Workload } from './workloads.ts'

/** What to measure, and where to keep it. */
export interface Rounds {
  workload: Workload
  contenders: readonly Contender[]
  rounds: number
  scale: number
  /** For all that is removed at the end. */
  dir: string
  results: string
  signal: AbortSignal
}

/**
 * Lets the contenders restore in turn, round after round (A B A B), so that a machine that becomes slower or busier does so for all of
 * them. Rounds are numbered from where the results end.
 */
export async function runRounds(plan: Rounds): Promise<void> {
  const { workload, results } = plan
  const folder = await backupFolderOf(workload, join(plan.dir, 'backups'), plan.scale)
  const done = Math.max(0, ...readMeasurements(results, workload.name).map(({ round }) => round))
  for (let round = done + 1; round <= done + plan.rounds; round++) {
    for (const contender of plan.contenders) {
      const dir = join(plan.dir, `${workload.name}-${contender.name}-${round}`)
      const report = (line: string) => console.error(line)
      const before = await backupBefore(contender, plan)
      const run = { workload, contender, round, folder, dir, report, signal: plan.signal }
      const measured = await measureRun({ ...run, ...(before === undefined ? {} : { before }) })
      keepMeasurement(results, measured)
      console.error(lineOf(measured))
    }
  }
}

async function backupBefore({ before }: Contender, plan: Rounds) {
  const workload = workloads.find(({ name }) => name === before)
  if (workload === undefined) return undefined
  return { backup: workload.backup, folder: await backupFolderOf(workload, join(plan.dir, 'backups'), plan.scale) }
}

function lineOf(measured: Measurement): string {
  const { workload, contender, round, items, seconds, machine } = measured
  const busy = isDisturbed(measured)
    ? `, disturbed: others used ${(machine.foreign + machine.stolen).toFixed(2)} processors`
    : ''
  return `${workload}, round ${round}, ${contender}: ${items} items in ${seconds.toFixed(1)} s, ${Math.round(items / seconds)}/s${busy}`
}
