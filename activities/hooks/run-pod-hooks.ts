import { failedToExecute, mayHaveRun } from '../../core/hooks/pod-hooks.ts'
import { hookKey } from '../../core/hooks/judge-hooks.ts'
import { nextHook } from '../../core/hooks/next-hook.ts'
import type { HookResult } from '../../core/hooks/next-hook.ts'
import type { ExecHook, PodHooks } from '../../core/hooks/pod-hooks.ts'
import type { Manifest } from '../../velero/manifest.ts'
import type { Journal } from '../frame/journal.ts'
import type { Clock, PodExec } from '../ports.ts'
import { beginHook, finishHook } from './hook-journal.ts'

/** A pod whose hooks this attempt runs. */
export interface TendedPod {
  pod: PodHooks
  results: Map<number, HookResult>
  /** When this attempt began to wait for it, in milliseconds. */
  since: number
  /** What it waits for. */
  waiting: string | undefined
}

/** What tending pods needs. */
export interface Tending {
  journal: Journal
  exec: PodExec
  clock: Clock
  /** This attempt: an intent of another one means that the hook may have run. */
  attempt: string
  /** Ends a running command. */
  signal: AbortSignal
  /** No further hook is begun. */
  isStopping: () => boolean
  /** The finalization waits no longer. */
  isOver: () => boolean
  atLeastOnce: boolean
}

/** Velero's default for `execTimeout`. */
const execTimeoutDefaultMs = 30_000
/** How long a command is tried that surely has not begun: the API server does not let us through. */
const notBegunMaxMs = 60_000
const notBegunPauseMs = 1_000

/** Takes the steps that can be taken for one pod, seen as it is; every result is journalled before the next step. */
export async function tendPod(tended: TendedPod, live: Manifest | undefined, tending: Tending): Promise<void> {
  const { pod, results } = tended
  for (;;) {
    if (tending.isStopping()) return
    const waitedMs = tending.clock.now().getTime() - tended.since
    const step = nextHook(pod, { pod: live, results, waitedMs, isOver: tending.isOver() })
    tended.waiting = step.do === 'wait' ? step.because : undefined
    switch (step.do) {
      case 'done':
      case 'wait':
        return
      case 'settle':
        for (const { index, problem } of step.results) await finish(tended, index, problem, tending)
        break
      case 'run':
        tended.waiting = `hook ${step.hook.name} in container ${step.hook.container} of pod ${pod.namespace}/${pod.name}`
        await finish(tended, step.index, await runHook(pod, step, tending), tending)
        break
    }
  }
}

async function finish({ pod, results }: TendedPod, index: number, problem: string, tending: Tending): Promise<void> {
  results.set(index, await finishHook(tending.journal, hookKey(pod.uid, index), { problem }))
}

/** The intent is journalled before the command is sent (rule 12). Returns the problem, empty for success. */
async function runHook(
  pod: PodHooks,
  { hook, index }: { hook: ExecHook; index: number },
  tending: Tending,
): Promise<string> {
  if (hook.command.length === 0) return failedToExecute(hook, 'command is required')
  const isFirst = await beginHook(tending.journal, hookKey(pod.uid, index), tending.attempt)
  if (!isFirst && !tending.atLeastOnce) return mayHaveRun(pod, hook)
  const problem = await execHook(pod, hook, tending)
  return problem === '' ? '' : failedToExecute(hook, problem)
}

async function execHook(pod: PodHooks, hook: ExecHook, tending: Tending): Promise<string> {
  const command = { namespace: pod.namespace, pod: pod.name, container: hook.container, command: hook.command }
  const timeoutMs = hook.execTimeoutMs === 0 ? execTimeoutDefaultMs : hook.execTimeoutMs
  const startedAt = tending.clock.now().getTime()
  for (;;) {
    const answer = await tending.exec.run(command, { timeoutMs, signal: tending.signal })
    if (answer.do === 'ended') return answer.problem
    if (tending.clock.now().getTime() - startedAt > notBegunMaxMs) return answer.because
    await tending.clock.sleep(notBegunPauseMs, tending.signal)
  }
}
