import { failedToExecute, mayHaveRun } from '../../core/hooks/pod-hooks.ts'
import { StoreError } from '../../core/port-errors.ts'
import { hookKey } from '../../core/hooks/judge-hooks.ts'
import { nextHook } from '../../core/hooks/next-hook.ts'
import type { HookResult } from '../../core/hooks/next-hook.ts'
import type { ExecHook, PodHooks } from '../../core/hooks/pod-hooks.ts'
import type { Manifest } from '../../velero/manifest.ts'
import type { Journal } from '../frame/journal.ts'
import type { Clock, PodExec } from '../ports.ts'
import { beginHook, finishHook } from './hook-journal.ts'

/** A pod whose hooks this attempt runs. */
export interface HookedPod {
  pod: PodHooks
  results: Map<number, HookResult>
  /** Since when it is waited for, in milliseconds; undefined where no hook of it has a limit. */
  since: number | undefined
  /** What it waits for. */
  waiting: string | undefined
}

/** What running hooks needs. */
export interface HookParts {
  journal: Journal
  exec: PodExec
  clock: Clock
  /** Throws where this worker may not write. */
  assertMayWrite: () => void
  /** This attempt: an intent of another one means that the hook may have run. */
  attempt: string
  /** Ends a running command. */
  signal: AbortSignal
  /** No further hook is begun. */
  isStopping: () => boolean
  /** The finalization does not wait any longer. */
  isOver: () => boolean
  atLeastOnce: boolean
}

/** Velero's default for `execTimeout`. */
const execTimeoutDefaultMs = 30_000
/** How long a command is sent again that surely has not begun, because the API server refuses the connection. */
const notBegunMaxMs = 60_000
const notBegunPauseMs = 1_000
/** How long the write of an intent or a result is tried again. */
const storedWithinMs = 60_000
const storePauseMs = 1_000

/** Runs the hooks of one pod that can run now, as the live pod shows; every result is journalled before the next hook. */
export async function runPodHooks(hooked: HookedPod, live: Manifest | undefined, parts: HookParts): Promise<void> {
  const { pod, results } = hooked
  for (;;) {
    if (parts.isStopping()) return
    const nowMs = parts.clock.now().getTime()
    const waitedMs = nowMs - (hooked.since ?? nowMs)
    const step = nextHook(pod, { pod: live, results, nowMs, waitedMs, isOver: parts.isOver() })
    hooked.waiting = step.do === 'wait' ? step.because : undefined
    // The bucket does not know of Leases: an attempt that was taken for lost leaves the hook to the next one (rule 7).
    if (step.do === 'settle' || step.do === 'run') parts.assertMayWrite()
    switch (step.do) {
      case 'done':
      case 'wait':
        return
      case 'settle':
        for (const { index, problem } of step.results) await finish(hooked, index, problem, parts)
        break
      case 'run':
        hooked.waiting = `hook ${step.hook.name} in container ${step.hook.container} of pod ${pod.namespace}/${pod.name}`
        await finish(hooked, step.index, await runHook(pod, step, parts), parts)
        break
    }
  }
}

async function finish({ pod, results }: HookedPod, index: number, problem: string, parts: HookParts): Promise<void> {
  const store = () => finishHook(parts.journal, hookKey(pod.uid, index), { problem })
  results.set(index, await triedAgain(store, parts))
}

/**
 * Only this attempt knows whether a command was sent and how it ended: so a bucket that is away for a moment is waited for
 * here. The next attempt could say no more than that the hook may have run.
 */
async function triedAgain<T>(write: () => Promise<T>, { clock, signal, isStopping }: HookParts): Promise<T> {
  const startedAt = clock.now().getTime()
  for (;;) {
    try {
      return await write()
    } catch (thrown) {
      const isOver = isStopping() || clock.now().getTime() - startedAt > storedWithinMs
      if (isOver || !(thrown instanceof StoreError)) throw thrown
      await clock.sleep(storePauseMs, signal)
    }
  }
}

/** The intent is journalled before the command is sent (rule 12). Returns the problem, empty for success. */
async function runHook(
  pod: PodHooks,
  { hook, index }: { hook: ExecHook; index: number },
  parts: HookParts,
): Promise<string> {
  if (hook.command.length === 0) return failedToExecute(hook, 'command is required')
  const begin = () => beginHook(parts.journal, hookKey(pod.uid, index), parts.attempt)
  const isFirst = await triedAgain(begin, parts)
  if (!isFirst && !parts.atLeastOnce) return mayHaveRun(pod, hook)
  const problem = await execHook(pod, hook, parts)
  return problem === '' ? '' : failedToExecute(hook, problem)
}

async function execHook(pod: PodHooks, hook: ExecHook, parts: HookParts): Promise<string> {
  const command = { namespace: pod.namespace, pod: pod.name, container: hook.container, command: hook.command }
  const timeoutMs = hook.execTimeoutMs === 0 ? execTimeoutDefaultMs : hook.execTimeoutMs
  const startedAt = parts.clock.now().getTime()
  for (;;) {
    const answer = await parts.exec.run(command, { timeoutMs, signal: parts.signal })
    if (answer.do === 'ended') return answer.problem
    if (parts.clock.now().getTime() - startedAt > notBegunMaxMs) return answer.because
    await parts.clock.sleep(notBegunPauseMs, parts.signal)
  }
}
