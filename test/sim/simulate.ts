import type { Settings } from '../../activities/settings.ts'
import { sliceClock } from '../../activities/frame/in-slices.ts'
import { workflowIdOf } from '../../contract/restore-workflow.ts'
import { isSweptByVelero } from '../../core/results/restore-status.ts'
import { deleteRestore } from '../../workflows/delete-restore.ts'
import { namespaceLocks } from '../../workflows/namespace-locks.ts'
import { restore } from '../../workflows/restore.ts'
import { isTerminal } from '../../velero/phases.ts'
import type { Restore } from '../../velero/restore.ts'
import { endStateOf } from '../activities/crash/end-state.ts'
import type { EndState } from '../activities/crash/end-state.ts'
import { ref, restoreAt, settings, worldAt } from '../activities/crash/restore-in-memory.ts'
import { startControllers } from '../ports/controllers.ts'
import { createWorld } from '../ports/world.ts'
import type { World } from '../ports/world.ts'
import { between, chanceOf } from './chance.ts'
import { disturbancesOf } from './disturbances.ts'
import type { CallFault, Disturbance } from './disturbances.ts'
import { otherRestore, otherRestoresOf } from './others/other-restore.ts'
import type { Held } from './others/other-restore.ts'
import { othersOf } from './others/others.ts'
import { createServer } from './temporal/server.ts'
import type { SimulatedServer } from './temporal/server.ts'
import { startWorkers } from './workers.ts'
import type { RuleOff, SimulatedWorkers } from './workers.ts'

sliceClock.now = () => 0

/** A simulated restore, from its Restore to its end. */
export interface Simulated {
  seed: number
  disturbances: readonly Disturbance[]
  /** Undefined where it has not ended. */
  end: EndState | undefined
  world: World
  workers: SimulatedWorkers
  server: SimulatedServer
  /** When the Restore entered its terminal phase for the last time, in milliseconds. */
  endedAtMs: number | undefined
  restore: Restore | undefined
  /** When another restore held the namespace. */
  held: Held
  /** What others have written into the Restore and is not there any more. */
  lost: readonly string[]
  /** The last run of the restore when its tarball was replaced after its end. */
  lastWithTarball: number | undefined
}

/** The workflow that restores. */
export const workflowId = workflowIdOf(ref)

/** After so much simulated time, or so many calls, a restore counts as one that does not end. */
const endsWithinMs = 12 * 3600_000
const callsMax = 12_000
/** How long after the end is watched for writes that come late. */
const afterwardsMs = 60_000

/** The disturbances of a seed. */
export function planOf(seed: number): Disturbance[] {
  return disturbancesOf(chanceOf(seed), workersOf(seed))
}

function workersOf(seed: number): number {
  return between(chanceOf(seed).at('workers', 0), 2, 6)
}

/** Pods come before their claims by the order of resources, so the claims have to be pulled ahead of them (rule 11). */
const isVolume = (one: string) => one.startsWith('persistentvolume')
const podFirst: Settings = {
  ...settings,
  priorities: { ...settings.priorities, high: settings.priorities.high.filter((one) => !isVolume(one)) },
}

function isPodFirst(seed: number): boolean {
  return chanceOf(seed).at('pod-first', 0) < 0.3
}

/** Runs a restore with these disturbances; chance, such as how long a call takes, follows from the seed. */
export async function simulate(
  seed: number,
  disturbances: readonly Disturbance[],
  without?: RuleOff,
): Promise<Simulated> {
  const world = createWorld(await worldAt('new'))
  const restoreTime = useSimulatedTime(world)
  try {
    return await runToEnd(world, { seed, disturbances, without })
  } finally {
    restoreTime()
  }
}

async function runToEnd(
  world: World,
  { seed, disturbances, without }: Pick<Simulated, 'seed' | 'disturbances'> & { without: RuleOff | undefined },
): Promise<Simulated> {
  const { clock, cluster } = world
  startControllers(world)
  const code = { restore, namespaceLocks, deleteRestore, otherRestore }
  const server = createServer(code, clock, () => workers)
  const workers = startWorkers({
    world,
    connect: (around) => server.connect(around),
    settings: isPodFirst(seed) ? podFirst : settings,
    chance: chanceOf(seed),
    count: workersOf(seed),
    faults: callFaultsOf(disturbances),
    beforePatch: (n) => {
      for (const one of disturbances) if (one.kind === 'meanwhile' && one.n === n) others[one.event]()
    },
    skews: new Map(disturbances.flatMap((one) => (one.kind === 'skew' ? [[one.worker, one.ms] as const] : []))),
    without,
  })
  clock.goesOn = () => server.unblock()
  let endedAtMs: number | undefined
  cluster.onChange((object) => {
    if (object?.kind !== 'Restore') return
    const { status = {} } = object as unknown as Restore
    if (!isTerminal(status.phase) || isSweptByVelero(status)) endedAtMs = undefined
    else endedAtMs ??= clock.nowMs()
  })
  const others = othersOf(world, server)
  const otherRestores = otherRestoresOf(world, server)
  const startMs = clock.nowMs()
  for (const one of disturbances) if ('atMs' in one) clock.later(one.atMs, () => disturb(one))
  const isEnded = await clock.run(watch())
  if (isEnded) await clock.advance(afterwardsMs)
  const restoreNow = cluster.look(restoreAt) as unknown as Restore | undefined
  const end = isEnded ? endStateOf(world, { outcome: { result: server.statusOf(workflowId) } }) : undefined
  const { held } = otherRestores
  const ofOthers = { held, lost: others.lost(), lastWithTarball: others.lastWithTarball() }
  return { seed, disturbances, end, world, workers, server, endedAtMs, restore: restoreNow, ...ofOthers }

  function disturb(one: Extract<Disturbance, { atMs: number }>): void {
    if (one.kind === 'other') return others[one.event]()
    if (one.kind === 'hold') return otherRestores.start(one)
    if (one.kind === 'slow') return workers.slowDown(one.forMs)
    if (one.event === 'kill') workers.kill(one.worker, one.forMs)
    else if (one.event === 'freeze') workers.freeze(one.worker, one.forMs)
    else workers.loseLease(one.worker, one.forMs)
  }

  /** Does what the watchers of the workers do, and waits for the end: true when it has come. */
  async function watch(): Promise<boolean> {
    let quiet = 0
    while (clock.nowMs() - startMs < endsWithinMs && workers.calls < callsMax) {
      others.watch()
      await clock.sleep(1_000)
      const isBusy = ['restore', 'deleteRestore', 'otherRestore'].some((type) => server.isRunning(type))
      quiet = isBusy || !others.isOver() ? 0 : quiet + 1
      if (quiet > 3) return true
    }
    return false
  }
}

function callFaultsOf(disturbances: readonly Disturbance[]): Map<number, CallFault> {
  return new Map(disturbances.flatMap((one) => (one.kind === 'call' ? [[one.n, one.fault] as const] : [])))
}

/**
 * Has intervals and the clock of the process follow the simulated time; returns how to take that back. Other timers stay real:
 * they end what a worker has kept for many minutes, so they go with the simulation, which they would hold in memory.
 */
function useSimulatedTime({ clock }: World): () => void {
  const { setInterval, clearInterval, setTimeout } = globalThis
  const real = { now: Date.now, setInterval, clearInterval, setTimeout }
  const waiting: NodeJS.Timeout[] = []
  const beating = new Set<object>()
  const setSimulated = (work: () => void, ms: number): object => {
    const timer = {}
    beating.add(timer)
    const beat = (): void => {
      if (!beating.has(timer)) return
      work()
      clock.later(ms, beat)
    }
    clock.later(ms, beat)
    return timer
  }
  const setReal = (...call: Parameters<typeof setTimeout>): NodeJS.Timeout => {
    const timer = real.setTimeout(...call)
    waiting.push(timer)
    return timer
  }
  Date.now = () => clock.nowMs()
  globalThis.setTimeout = setReal as typeof setTimeout
  globalThis.setInterval = setSimulated as unknown as typeof setInterval
  globalThis.clearInterval = ((timer: object) => void beating.delete(timer)) as unknown as typeof clearInterval
  return () => {
    Date.now = real.now
    globalThis.setInterval = real.setInterval
    globalThis.clearInterval = real.clearInterval
    globalThis.setTimeout = real.setTimeout
    for (const timer of waiting) clearTimeout(timer)
  }
}
