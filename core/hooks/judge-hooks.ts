import { error } from '../items/outcome.ts'
import type { Message } from '../items/outcome.ts'
import type { HookResult } from './next-hook.ts'
import { mayHaveRun, notExecuted } from './pod-hooks.ts'
import type { PodHooks } from './pod-hooks.ts'

/** What is known of all hooks of a restore when they are waited for no longer. */
export interface KnownHooks {
  pods: readonly PodHooks[]
  /** By {@link hookKey}. */
  results: ReadonlyMap<string, HookResult>
  /** Keys of the hooks that were begun. */
  intents: ReadonlySet<string>
}

/** Velero's two counts, and the errors of hooks. */
export interface HookVerdict {
  hooksAttempted: number
  hooksFailed: number
  messages: readonly Message[]
}

/** One name for one hook of a restore: the pod's uid tells it from a later pod of that name. */
export function hookKey(podUid: string, index: number): string {
  return `${podUid}-${index}`
}

/** Whether each hook has a result. */
export function areHooksDone({ pods, results }: Pick<KnownHooks, 'pods' | 'results'>): boolean {
  return pods.every((pod) => pod.hooks.every((_, index) => results.has(hookKey(pod.uid, index))))
}

/**
 * The verdict on all hooks. One that has no result at the end of the wait counts as failed: Velero says only that its
 * time was over, in the namespace of the Restore; here each such hook is named as well.
 */
export function judgeHooks(known: KnownHooks, restoreNamespace: string): HookVerdict {
  const messages: Message[] = []
  let hooksAttempted = 0
  for (const pod of known.pods) {
    for (const [index, hook] of pod.hooks.entries()) {
      hooksAttempted++
      const key = hookKey(pod.uid, index)
      const unsettled = known.intents.has(key)
        ? mayHaveRun(pod, hook)
        : notExecuted(pod, hook, 'context deadline exceeded')
      const problem = known.results.get(key)?.problem ?? unsettled
      if (problem !== '') messages.push(error(`namespace:${pod.namespace}`, problem))
    }
  }
  const hooksFailed = messages.length
  if (!areHooksDone(known)) messages.push(error(`namespace:${restoreNamespace}`, 'context deadline exceeded'))
  return { hooksAttempted, hooksFailed, messages }
}
