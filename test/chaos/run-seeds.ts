import { shrink } from '../sim/shrink.ts'
import { readEnd, removeRestored } from './judge/read-end.ts'
import type { ChaosEnd } from './judge/end-state.ts'
import { judge } from './judge/judge.ts'
import { openLane } from './lane.ts'
import type { Ground, Lane } from './lane.ts'
import { runRestores } from './run.ts'
import type { ChaosRun } from './run.ts'
import { inWords, scheduleOf } from './schedule.ts'
import type { Beside, Disturbance } from './schedule.ts'

/** A seed whose restore did not come to its right end. */
export interface FailedSeed {
  seed: number
  found: readonly string[]
  schedule: readonly string[]
}

export interface SeedOptions {
  seeds: readonly number[]
  /** Told of each restore, in a line. */
  report: (line: string) => void
  /** Leaves out disturbances of a seed that fails, as long as it fails without them: some more restores. */
  shrinks?: boolean
  /** What goes wrong beside what each schedule has. */
  beside?: Beside
  /** How many restores of the backup run side by side in a lane. */
  together?: number
}

/** Runs the seeds in lanes side by side, each lane on a ground of its own. Resolves to those that failed. */
export async function runSeeds(grounds: readonly Ground[], options: SeedOptions): Promise<FailedSeed[]> {
  const left = [...options.seeds]
  const failed: FailedSeed[] = []
  await Promise.all(
    grounds.map(async (ground) => {
      const lane = await openLane(ground)
      const undisturbed = await runUndisturbed(lane, options.report)
      for (let seed = left.shift(); seed !== undefined; seed = left.shift()) {
        const found = await runSeed(lane, { seed, undisturbed }, options)
        if (found !== undefined) failed.push(found)
      }
    }),
  )
  return failed
}

let names = 0

/** Of one length, and never used twice in a cluster. */
const newName = (): string => `chaos${String(++names).padStart(6, '0')}`

/** What the restores of a lane are compared with. */
interface Undisturbed {
  end: ChaosEnd
  lengthMs: number
}

async function runUndisturbed(lane: Lane, report: SeedOptions['report']): Promise<Undisturbed> {
  const [run] = await runRestores(lane, [newName()], { disturbances: [], lengthMs: 0 })
  if (run === undefined) throw new Error('nothing was restored')
  const end = await readEnd(run)
  const found = await judge(run, end)
  if (found.length > 0) throw new Error(`the undisturbed restore is not right:\n${found.join('\n')}`)
  await removeRestored(run)
  report(`undisturbed: ${run.restore.status?.phase} ${secondsOf(run)}, ${requestsOf(run)}`)
  return { end, lengthMs: (run.endedAtMs ?? run.begunAtMs) - run.begunAtMs }
}

async function runSeed(
  lane: Lane,
  { seed, undisturbed }: { seed: number; undisturbed: Undisturbed },
  { report, shrinks = false, beside, together = 1 }: SeedOptions,
): Promise<FailedSeed | undefined> {
  const schedule = scheduleOf(seed, lane.items, beside)
  const attempt = async (disturbances: readonly Disturbance[]) => {
    const names = Array.from({ length: together }, newName)
    const runs = await runRestores(lane, names, { disturbances, lengthMs: undisturbed.lengthMs })
    const found: string[] = []
    for (const run of runs) {
      const wrong = await judge(run, undisturbed.end)
      if (wrong.length === 0) await removeRestored(run)
      found.push(...wrong)
    }
    return { runs, found }
  }
  const { runs, found } = await attempt(schedule)
  // The first restore finds all cold. By its time much would come too late for those that follow.
  for (const { restore, begunAtMs, endedAtMs = Infinity } of found.length === 0 ? runs : [])
    if (restore.status?.phase !== 'Failed') undisturbed.lengthMs = Math.min(undisturbed.lengthMs, endedAtMs - begunAtMs)
  const inTime = schedule.filter((one) => runs.some((run) => isInTime(one, run)))
  const late = schedule.length === inTime.length ? '' : `; too late: ${schedule.length - inTime.length}`
  const verdict = found.length === 0 ? 'right' : 'WRONG'
  report(`seed ${seed}: ${verdict}, ${runs.map(inShort).join(', ')}; ${inTime.map(inWords).join('; ')}${late}`)
  if (found.length === 0) return undefined
  for (const line of found) report(`  ! ${line.slice(0, 600)}`)
  const fails = async (fewer: readonly Disturbance[]) => (await attempt(fewer)).found.length > 0
  const kept = shrinks ? await shrink(schedule, fails) : schedule
  if (shrinks) report(`  needed of seed ${seed}: ${kept.map(inWords).join('; ') || 'nothing'}`)
  return { seed, found, schedule: kept.map(inWords) }
}

/** Whether it came before the end of the restore. */
function isInTime(one: Disturbance, { begunAtMs, endedAtMs = Infinity, lengthMs, requests }: ChaosRun): boolean {
  if (one.kind === 'request') return one.n <= requests[one.way]
  return (one.at / 100) * lengthMs < endedAtMs - begunAtMs
}

function inShort(run: ChaosRun): string {
  const { phase, hookStatus } = run.restore.status ?? {}
  const lost = (hookStatus?.hooksFailed ?? 0) > 0 ? `, ${hookStatus?.hooksFailed} hooks may have run` : ''
  return `${phase} ${secondsOf(run)}${lost}`
}

const secondsOf = ({ begunAtMs, endedAtMs }: ChaosRun): string =>
  endedAtMs === undefined ? 'without an end' : `after ${((endedAtMs - begunAtMs) / 1000).toFixed(1)} s`
const requestsOf = ({ requests: { api, bucket } }: ChaosRun): string =>
  `${api} writes to the API server, ${bucket} requests to the bucket`
