import type { Manifest } from '../../velero/manifest.ts'
import { objectsAt, textAt, valueAt } from '../values/fields.ts'
import { notExecuted } from './pod-hooks.ts'
import type { ExecHook, PodHooks } from './pod-hooks.ts'

/** What became of one hook; an empty problem is success. */
export interface HookResult {
  problem: string
}

/** Results by the hook's place in its pod's list. */
export type HookResults = ReadonlyMap<number, HookResult>

/** What to do for a pod now. */
export type HookStep =
  | { do: 'done' }
  /** Nothing can run yet. */
  | { do: 'wait'; because: string }
  /** Run this hook. */
  | { do: 'run'; hook: ExecHook; index: number }
  /** These hooks are settled without having run. */
  | { do: 'settle'; results: readonly (HookResult & { index: number })[] }

/** What is known when a step is decided. */
export interface HookSight {
  /** The live pod; undefined where it is gone or is another one of that name. */
  pod: Manifest | undefined
  results: HookResults
  /** How long this pod has been waited for. */
  waitedMs: number
  /** The finalization waits no longer. */
  isOver: boolean
}

/**
 * Decides the next step for the hooks of one pod. The rows are tried in this order:
 *
 * | what is seen | what is done |
 * |---|---|
 * | all hooks have a result | done |
 * | a hook with `onError: Fail` has failed | the rest is not executed |
 * | hooks for a container that the pod does not have | they are not executed, the others go on |
 * | the pod is gone, or has ended | the rest is not executed |
 * | the finalization waits no longer | the rest is not executed |
 * | a container with pending hooks is up | its next hook runs, or has expired |
 * | the longest `waitTimeout` is over | the rest is not executed |
 *
 * A hook whose own time is over when its container comes up has expired and does not run: Velero runs it all the same
 * where it is to go on, and then forgets the result (wanted difference).
 */
export function nextHook(registered: PodHooks, sight: HookSight): HookStep {
  const pending = registered.hooks
    .map((hook, index) => ({ hook, index }))
    .filter(({ index }) => !sight.results.has(index))
  if (pending.length === 0) return { do: 'done' }
  const giveUp = (why: string): HookStep => ({
    do: 'settle',
    results: pending.map(({ hook, index }) => ({ index, problem: notExecuted(registered, hook, why) })),
  })
  if (hasStopped(registered, sight.results)) return giveUp('context canceled')
  const lost = pending.filter(({ hook }) => !registered.containers.includes(hook.container))
  if (lost.length > 0) return { do: 'settle', results: lost.map((one) => missing(registered, one)) }
  if (sight.pod === undefined) return giveUp('context canceled')
  const phase = textAt(sight.pod, 'status', 'phase')
  if (phase === 'Succeeded' || phase === 'Failed') return giveUp('context canceled')
  if (sight.isOver) return giveUp('context deadline exceeded')
  const { pod } = sight
  const ready = pending.find(({ hook }) => isUp(pod, hook.container, registered.hooks))
  if (ready !== undefined) return runOrExpire(ready, sight.waitedMs)
  const waitMs = longestWait(registered.hooks)
  if (waitMs > 0 && sight.waitedMs >= waitMs) return giveUp('context deadline exceeded')
  return {
    do: 'wait',
    because: `container ${pending[0]?.hook.container} of pod ${registered.namespace}/${registered.name}`,
  }
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

/** Ready where any hook of the container asks for it, running otherwise. */
function isUp(pod: Manifest, container: string, hooks: readonly ExecHook[]): boolean {
  const status = objectsAt(pod, 'status', 'containerStatuses').find((one) => textAt(one, 'name') === container)
  if (status === undefined) return false
  const needsReady = hooks.some((hook) => hook.container === container && hook.waitForReady)
  return needsReady ? status['ready'] === true : valueAt(status, 'state', 'running') !== undefined
}

/** The pod is waited for as long as its most patient hook; zero is without end. */
function longestWait(hooks: readonly ExecHook[]): number {
  return hooks.some((hook) => hook.waitTimeoutMs <= 0) ? 0 : Math.max(...hooks.map((hook) => hook.waitTimeoutMs))
}
