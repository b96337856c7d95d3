import { describeCall, hasEffect } from '../../ports/calls.ts'
import type { PortCall } from '../../ports/calls.ts'
import { canFail } from '../../ports/faults.ts'
import type { Fault, FaultPlan } from '../../ports/faults.ts'
import { createWorld } from '../../ports/world.ts'
import type { World, WorldState } from '../../ports/world.ts'
import type { Settings } from '../../../activities/settings.ts'
import { differences, endStateOf } from './end-state.ts'
import type { EndState } from './end-state.ts'
import { runAttempts } from './run-attempts.ts'
import type { Ended, RunOptions } from './run-attempts.ts'

/** One activity in one situation. */
export interface Scenario {
  /** The situation, in words. */
  when: string
  /** The world before the activity. */
  world: () => Promise<WorldState>
  input: unknown
  settings?: Partial<Settings>
  /** What goes on beside it: controllers, other people. */
  beside?: (world: World) => void
  /** Ends that differ from the undisturbed one on purpose. */
  onPurpose?: readonly Purpose[]
}

/** A difference from the undisturbed end that is wanted. */
export interface Purpose {
  because: string
  /** Makes the end equal to the undisturbed one where it differs only in that. */
  forgive: (end: EndState, undisturbed: EndState, happened: Ended['happened']) => EndState
}

/** What came of it. */
export interface CrashReport {
  /** Calls of the undisturbed run. */
  calls: number
  /** Disturbed runs. */
  points: number
  /** Each disturbed run that came to another end. */
  findings: readonly string[]
}

/**
 * All that can go wrong with a call. An answer that is lost differs from no answer only where the call has an effect. A process that
 * dies after one of several reads leaves what one leaves that dies after the first of them, unless others write meanwhile.
 */
function faultsOf(call: PortCall, former: PortCall | undefined, { beside }: Scenario): readonly Fault[] {
  const errors: readonly Fault[] = hasEffect(call) ? ['refused', 'unanswered'] : ['refused']
  const isReadAgain = former !== undefined && !hasEffect(former) && !hasEffect(call) && beside === undefined
  return [...(canFail(call) ? errors : []), ...(isReadAgain ? [] : (['death'] as const))]
}

/**
 * Runs the activity undisturbed, then once for each call and each fault: on the first attempt, and on the second after
 * one that died when all was done and nobody had got to know. After one that died in the middle the second dies after
 * each call with an effect. Last it dies in each attempt two calls later than in the one before. Each run goes on until
 * the activity ends, and its end is compared.
 */
export async function crashPoints(scenario: Scenario, make: Pick<RunOptions, 'create' | 'settings' | 'activity'>) {
  const state = await scenario.world()
  const run = async (plan?: (attempt: number) => FaultPlan) => {
    const world = createWorld(state)
    scenario.beside?.(world)
    const settings = { ...make.settings, ...scenario.settings }
    const ended = await runAttempts({ ...make, settings, world, input: scenario.input, ...(plan && { faults: plan }) })
    return { ended, end: endStateOf(world, ended) }
  }
  const undisturbed = await run()
  const calls = undisturbed.ended.attempts[0] ?? []
  const report = { calls: calls.length, points: 0, findings: [] as string[] }
  const purposes = [eventsAreTold, ...(scenario.onPurpose ?? [])]

  async function disturb(plan: (attempt: number) => FaultPlan): Promise<void> {
    report.points++
    // Faults are thousands of errors, and nobody reads their stacks, which take long to write.
    const { stackTraceLimit } = Error
    Error.stackTraceLimit = 0
    const finding = await run(plan)
      .then(
        ({ ended, end }) => compare(forgiven(purposes, end, undisturbed.end, ended), undisturbed.end, ended.happened),
        (thrown: unknown) => String(thrown),
      )
      .finally(() => (Error.stackTraceLimit = stackTraceLimit))
    if (finding !== undefined) report.findings.push(finding)
  }

  /** The calls of the second attempt. */
  async function callsAfterDeathAt(n: number): Promise<readonly PortCall[]> {
    return (await run((number) => at(number, { 1: n }))).ended.attempts[1] ?? []
  }

  for (const [index, call] of calls.entries())
    for (const fault of faultsOf(call, calls[index - 1], scenario))
      await disturb((number) => at(number, {}, { attempt: 1, n: index + 1, fault }))

  const last = calls.length
  const again = await callsAfterDeathAt(last)
  for (const [index, call] of again.entries())
    for (const fault of faultsOf(call, again[index - 1], scenario))
      await disturb((number) => at(number, { 1: last }, { attempt: 2, n: index + 1, fault }))

  const middle = Math.ceil(calls.length / 2)
  for (const [index, call] of (await callsAfterDeathAt(middle)).entries())
    if (hasEffect(call)) await disturb((number) => at(number, { 1: middle, 2: index + 1 }))

  await disturb((number) => at(number, { [number]: 2 * number }))
  return report satisfies CrashReport
}

/** The plan of an attempt: the fault that is looked at, or death after the call that is noted for it. */
function at(
  number: number,
  deaths: Readonly<Record<number, number>>,
  looked?: { attempt: number; n: number; fault: Fault },
): FaultPlan {
  if (looked?.attempt === number) return (n) => (n === looked.n ? looked.fault : undefined)
  return (n) => (n === deaths[number] ? 'death' : undefined)
}

function forgiven(purposes: readonly Purpose[], end: EndState, undisturbed: EndState, { happened }: Ended): EndState {
  return purposes.reduce((state, purpose) => purpose.forgive(state, undisturbed, happened), end)
}

function compare(end: EndState, undisturbed: EndState, happened: Ended['happened']): string | undefined {
  const found = differences(end, undisturbed)
  if (found.length === 0) return undefined
  const told = happened.map(({ attempt, call, fault }) => `${fault} at "${describeCall(call)}" of attempt ${attempt}`)
  return [`after ${told.join(', ')}:`, ...found.slice(0, 6).map((line) => `  ${line.slice(0, 400)}`)].join('\n')
}

const eventsAreTold: Purpose = {
  because: 'an Event that cannot be written is logged and stops nothing',
  forgive: (end, undisturbed, happened) => {
    const isEvent = ({ call }: Ended['happened'][number]) => call.name === 'create' && call.on.startsWith('events.')
    const isLost = happened.some((one) => one.fault === 'refused' && isEvent(one))
    return isLost ? { ...end, events: { ...undisturbed.events, ...end.events } } : end
  },
}
