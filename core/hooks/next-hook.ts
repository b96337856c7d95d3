import type { Manifest } from '../../velero/manifest.ts'
import { objectsAt, textAt, valueAt } from '../values/fields.ts'
import { notExecuted } from './pod-hooks.ts'
import type { ExecHook, PodHooks } from './pod-hooks.ts'

/** The result of one hook; an empty problem means success. */
export interface HookResult {
  problem: string
}

/** Results by the index of the hook in its pod's list. */
export type HookResults = ReadonlyMap<number, HookResult>

/** What to do next for the hooks of a pod. */
export type HookStep =
  | { do: 'done' }
  /** No hook can run yet. */
  | { do: 'wait'; because: string }
  | { do: 'run'; hook: ExecHook; index: number }
  /** These hooks get results without running. */
  | { do: 'settle'; results: readonly (HookResult & { index: number })[] }

/** The facts for the next step. */
export interface HookFacts {
  /** The live pod; undefined if it does not exist, or if another one has its name. */
  pod: Manifest | undefined
  results: HookResults
  nowMs: number
  /** For how long hooks of this pod have been waited for; 0 where none of them has a limit. */
  waitedMs: number
  /** The finalization does not wait any longer. */
  isOver: boolean
}

/**
 * Decides the next step for the hooks of one pod. The first row that applies decides:
 *
 * | situation | step |
 * |---|---|
 * | all hooks have a result | done |
 * | a hook with `onError: Fail` has failed | the rest is not executed |
 * | the pod has no container for some hooks | these hooks are not executed |
 * | the pod does not exist, or has ended | the rest is not executed |
 * | the finalization does not wait any longer | the rest is not executed |
 * | a container with pending hooks is running, or ready if a hook wants that | its next hook runs, or has expired |
 * | the longest `waitTimeout` is over | the rest is not executed |
 *
 * A hook has expired if its `waitTimeout` was over before its container was running. It does not run. Velero runs it if
 * `onError` is Continue, and loses its result (wanted difference, docs/velero-parity.md). A container that was running in
 * time lets no hook expire, however late that is seen: workers may have been away.
 */
export function nextHook(registered: PodHooks, facts: HookFacts): HookStep {
  const pending = registered.hooks
    .map((hook, index) => ({ hook, index }))
    .filter(({ index }) => !facts.results.has(index))
  if (pending.length === 0) return { do: 'done' }
  const giveUp = (why: string): HookStep => ({
    do: 'settle',
    results: pending.map(({ hook, index }) => ({ index, problem: notExecuted(registered, hook, why) })),
  })
  if (hasStopped(registered, facts.results)) return giveUp('context canceled')
  const lost = pending.filter(({ hook }) => !registered.containers.includes(hook.container))
  if (lost.length > 0) return { do: 'settle', results: lost.map((one) => missing(registered, one)) }
  if (facts.pod === undefined) return giveUp('context canceled')
  const phase = textAt(facts.pod, 'status', 'phase')
  if (phase === 'Succeeded' || phase === 'Failed') return giveUp('context canceled')
  if (facts.isOver) return giveUp('context deadline exceeded')
  const { pod } = facts
  const ready = pending.find(({ hook }) => isUp(pod, hook.container, registered.hooks))
  if (ready !== undefined) return runOrExpire(ready, facts.waitedMs - upForMs(pod, ready.hook, facts.nowMs))
  const waitMs = longestWait(registered.hooks)
  if (waitMs > 0 && facts.waitedMs >= waitMs) return giveUp('context deadline exceeded')
  return {
    do: 'wait',
    because: `container ${pending[0]?.hook.container} of pod ${registered.namespace}/${registered.name}`,
  }
}

/** For how long a container has been up, as far as the pod tells; 0 where it does not. */
function upForMs(pod: Manifest, { container, waitForReady }: ExecHook, nowMs: number): number {
  const status = objectsAt(pod, 'status', 'containerStatuses').find((one) => textAt(one, 'name') === container)
  const ready = objectsAt(pod, 'status', 'conditions').find((one) => textAt(one, 'type') === 'ContainersReady')
  const since = waitForReady
    ? textAt(textAt(ready, 'status') === 'True' ? ready : undefined, 'lastTransitionTime')
    : textAt(status, 'state', 'running', 'startedAt')
  const upMs = nowMs - Date.parse(since)
  return upMs > 0 ? upMs : 0
}

function runOrExpire({ hook, index }: { hook: ExecHook; index: number }, waitedMs: number): HookStep {
  if (hook.waitTimeoutMs > 0 && waitedMs > hook.waitTimeoutMs) {
    const problem = `hook ${hook.name} in container ${hook.container} expired before executing`
    return { do: 'settle', results: [{ index, problem }] }
  }
  return { do: 'run', hook, index }
}

function missing(pod: PodHooks, { hook, index }: { hook: ExecHook; index: number }): HookResult & { index: number } {
  return { index, problem: notExecuted(pod, hook, `the pod has no container ${hook.container}`) }
}

function hasStopped({ hooks }: PodHooks, results: HookResults): boolean {
  return hooks.some((hook, index) => hook.onError === 'Fail' && (results.get(index)?.problem ?? '') !== '')
}

/** Whether a container is running, and ready if any of its hooks has `waitForReady`. */
function isUp(pod: Manifest, container: string, hooks: readonly ExecHook[]): boolean {
  const status = objectsAt(pod, 'status', 'containerStatuses').find((one) => textAt(one, 'name') === container)
  if (status === undefined) return false
  const needsReady = hooks.some((hook) => hook.container === container && hook.waitForReady)
  return needsReady ? status['ready'] === true : valueAt(status, 'state', 'running') !== undefined
}

/** The longest `waitTimeout` of the hooks; zero, which means no limit, if one of them has none. */
function longestWait(hooks: readonly ExecHook[]): number {
  return hooks.some((hook) => hook.waitTimeoutMs <= 0) ? 0 : Math.max(...hooks.map((hook) => hook.waitTimeoutMs))
}
