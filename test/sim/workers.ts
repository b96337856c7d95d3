import { Context } from '@temporalio/activity'
import type { Client } from '@temporalio/client'
import type { Info } from '@temporalio/activity'
import { MockActivityEnvironment } from '@temporalio/testing'
import { DefaultLogger } from '@temporalio/worker'
import { createActivities } from '../../activities/index.ts'
import type { Ports } from '../../activities/ports.ts'
import type { Settings } from '../../activities/settings.ts'
import { name as restoreName } from '../activities/crash/restore-in-memory.ts'
import { createArchives } from '../ports/archives.ts'
import { describeCall, hasEffect, withCalls } from '../ports/calls.ts'
import type { Around, PortCall } from '../ports/calls.ts'
import { watchStops } from './stops.ts'
import { Death, canFail, passingError } from '../ports/faults.ts'
import { beginLife } from './process-life.ts'
import type { ProcessLife } from './process-life.ts'
import type { World } from '../ports/world.ts'
import type { Chance } from './chance.ts'
import type { CallFault } from './disturbances.ts'

/** How an attempt has ended. */
export type AttemptEnd = { result: unknown } | { failure: unknown }

/** An attempt of an activity, for any worker. */
export interface AttemptTask {
  name: string
  input: unknown
  info: Partial<Info>
  onBeat: (details: unknown) => void
  onEnd: (end: AttemptEnd) => void
}

/** An attempt that a worker runs. A process that is frozen learns of nothing before it goes on. */
export interface RunningAttempt {
  /** The answer to its beat says that it has to stop. */
  cancel: (reason: 'CANCELLED' | 'NOT_FOUND') => void
  /** It was given up: it learns of it with its next beat, a second later. */
  giveUp: () => void
}

/** A call that had an effect, in the order in which they got there. */
export interface SeenWrite {
  atMs: number
  worker: string
  call: string
  port: PortCall['port']
  /** The activity and its attempt. */
  activity: string
  activityId: string
  attempt: number
}

/** The workers of a simulation. */
export interface SimulatedWorkers {
  /** Has one of those that run take the task; undefined where none runs. */
  run: (task: AttemptTask) => RunningAttempt | undefined
  kill: (worker: number, forMs: number) => void
  freeze: (worker: number, forMs: number) => void
  loseLease: (worker: number, forMs: number) => void
  /** From now on each call takes up to three seconds to get there, for so long. */
  slowDown: (forMs: number) => void
  /** Items that an attempt has begun after it was told to stop, in words. */
  readonly begunLate: readonly string[]
  readonly writes: readonly SeenWrite[]
  readonly calls: number
  /** The faults that have come to calls, in words. */
  readonly happened: readonly string[]
  /** Each call, in order: two runs of a seed are the same where these are. */
  readonly trace: readonly string[]
}

/** What workers are made of. */
export interface WorkersOptions {
  world: World
  /** Connects to the server of Temporal. */
  connect: (around: Around) => Client
  settings: Settings
  chance: Chance
  count: number
  /** The fault of the n-th call. */
  faults: ReadonlyMap<number, CallFault>
  /** Called just before the n-th patch of the Restore gets there. */
  beforePatch: (n: number) => void
  /** How far the clock of a worker is ahead, by its place. */
  skews: ReadonlyMap<number, number>
  /** A rule that is switched off, to see that the simulation misses it. */
  without?: RuleOff | undefined
}

/** `fence`: nobody waits for the attempt before. `lease`: a worker writes also when its Lease has run out. */
export type RuleOff = 'fence' | 'lease'

type InMemoryPresence = ReturnType<World['leases']['start']>

function weakened(presence: InMemoryPresence, without: RuleOff | undefined): InMemoryPresence {
  if (without === 'fence') return { ...presence, fence: () => Promise.resolve() }
  return without === 'lease' ? { ...presence, assertMayWrite: () => undefined } : presence
}

interface Process {
  name: string
  activities: Record<string, (input: never) => Promise<unknown>>
  ports: Ports
  life: ProcessLife
  presence: InMemoryPresence
  client: Client
  cutOffUntilMs: number
}

const logger = new DefaultLogger('ERROR')

/** Starts the workers. */
export function startWorkers(options: WorkersOptions): SimulatedWorkers {
  const { world, chance, faults } = options
  const { clock } = world
  const writes: SeenWrite[] = []
  const happened: string[] = []
  const trace: string[] = []
  let calls = 0
  let started = 0
  let tasks = 0
  const processes: Process[] = []
  const stops = watchStops()
  let patches = 0
  let slowUntilMs = -1

  function die(one: Process): void {
    one.life.die()
    one.presence.cutOff()
  }

  /** On its way there and back each call takes some milliseconds; what is sent gets there, also after its sender's death. */
  const aroundOf =
    (one: () => Process): Around =>
    async (call, run) => {
      await one().life.thawed()
      const n = ++calls
      trace.push(`${clock.nowMs()} ${one().name} ${call.port} ${describeCall(call)}`)
      stops.see(call)
      const fault = faultOf(faults.get(n), call)
      if (fault !== undefined) happened.push(`${fault} ${describeCall(call)}`)
      if (hasEffect(call) && (call.port === 'cluster' || call.port === 'exec')) one().presence.assertMayWrite()
      const isSlow = fault === 'slow' || slowUntilMs > clock.nowMs()
      const thereMs = isSlow ? 3_000 * chance.at('slow', n) : 1 + 30 * chance.at('there', n)
      const info = activityHere()
      const arrive = async () => {
        if (isPatchOfRestore(call)) options.beforePatch(++patches)
        const answer = await run()
        if (hasEffect(call))
          writes.push({ atMs: clock.nowMs(), worker: one().name, call: describeCall(call), port: call.port, ...info })
        return answer
      }
      if (fault === 'late') {
        clock.later(lateMs(chance.at('late', n)), () => void arrive().catch(() => undefined))
        await clock.sleep(thereMs)
        one().presence.unanswered(lateMaxMs)
        throw passingError(call)
      }
      if (fault === 'death') {
        clock.later(thereMs, () => void arrive().catch(() => undefined))
        restartLater(one(), 3_000)
        throw new Death(`the process died after ${call.port} ${describeCall(call)}`)
      }
      await clock.sleep(thereMs)
      if (fault === 'refused') throw passingError(call)
      const answer = await arrive()
      await clock.sleep(1 + 30 * chance.at('back', n))
      await one().life.thawed()
      if (fault === 'unanswered') throw passingError(call)
      return answer
    }

  function restartLater(one: Process, forMs: number): void {
    const at = processes.indexOf(one)
    die(one)
    clock.later(forMs, () => void (processes[at] = startProcess(at)))
  }

  /** The Lease is not renewed for so long. A worker that is frozen meanwhile renews it only when it goes on. */
  function cutOff(one: Process, forMs: number): void {
    one.cutOffUntilMs = Math.max(one.cutOffUntilMs, clock.nowMs() + forMs)
    one.presence.cutOff()
    clock.later(forMs, () => !one.life.isDead && clock.nowMs() >= one.cutOffUntilMs && one.presence.letThrough())
  }

  function startProcess(at: number): Process {
    const life = beginLife(clock, options.skews.get(at) ?? 0)
    const name = `drydock-worker-${++started}`
    const presence = weakened(world.leases.start(name), options.without)
    const around = aroundOf(() => process)
    const bare: Ports = {
      cluster: world.cluster.connect(),
      stores: world.buckets,
      archives: createArchives(),
      presence,
      exec: world.exec.connect(),
      clock: life.clock,
      log: world.log,
    }
    const ports = withCalls(bare, around)
    const activities = createActivities(ports, options.settings) as unknown as Process['activities']
    const client = options.connect(around)
    const process: Process = { name, activities, ports, life, presence, client, cutOffUntilMs: 0 }
    return process
  }

  for (let at = 0; at < options.count; at++) processes.push(startProcess(at))

  function run({ name, input, info, onBeat, onEnd }: AttemptTask) {
    const ready = processes.filter(({ life }) => life.isRunning)
    if (ready.length === 0) return undefined
    const one = ready[Math.floor(chance.at('task', ++tasks) * ready.length)] as Process
    const { life } = one
    const environment = new MockActivityEnvironment(info, { client: one.client, logger })
    environment.on('heartbeat', (details) => {
      if (life.isRunning) onBeat(details)
    })
    const activity = one.activities[name]
    if (activity === undefined) throw new Error(`there is no activity ${name}`)
    const tell = (end: AttemptEnd) =>
      void life.thawed().then(
        () => onEnd(end),
        () => undefined,
      )
    environment.run(activity as (given: unknown) => Promise<unknown>, input).then(
      (result) => tell({ result: result === undefined ? undefined : (JSON.parse(JSON.stringify(result)) as unknown) }),
      (failure: unknown) => {
        if (!(failure instanceof Death)) tell({ failure })
      },
    )
    const learn = (reason: 'CANCELLED' | 'NOT_FOUND') => {
      stops.told(info)
      environment.cancel(reason)
    }
    return {
      cancel: learn,
      giveUp() {
        life.nextBeat().then(
          () => learn('NOT_FOUND'),
          () => undefined,
        )
      },
    }
  }

  const processAt = (worker: number): Process | undefined => processes[worker]
  return {
    run,
    kill(worker, forMs) {
      const one = processAt(worker)
      if (one !== undefined && !one.life.isDead) restartLater(one, forMs)
    },
    freeze(worker, forMs) {
      const one = processAt(worker)
      if (one === undefined || one.life.isDead) return
      one.life.freeze(forMs)
      cutOff(one, forMs)
    },
    loseLease(worker, forMs) {
      const one = processAt(worker)
      if (one === undefined || one.life.isDead) return
      cutOff(one, forMs)
    },
    slowDown: (forMs) => void (slowUntilMs = clock.nowMs() + forMs),
    begunLate: stops.begunLate,
    writes,
    get calls() {
      return calls
    },
    happened,
    trace,
  }
}

function isPatchOfRestore({ port, name, on }: PortCall): boolean {
  return port === 'cluster' && name === 'patch' && on === restoreAt
}
const restoreAt = `restores.velero.io velero/${restoreName}`

/** A write that is under way when its sender gives up ends within this time (rule 7). */
const lateMaxMs = 4_500

function lateMs(chance: number): number {
  return 200 + chance * (lateMaxMs - 200)
}

/** A fault that the call can have; waits for other workers only die. */
function faultOf(fault: CallFault | undefined, call: PortCall): CallFault | undefined {
  if (fault === undefined || fault === 'death' || fault === 'slow') return fault
  return canFail(call) ? fault : undefined
}

function activityHere(): Pick<SeenWrite, 'activity' | 'activityId' | 'attempt'> {
  const { activityType, activityId, attempt } = Context.current().info
  return { activity: activityType, activityId, attempt }
}
