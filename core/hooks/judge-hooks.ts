import { error } from '../items/outcome.ts'
import type { Message } from '../items/outcome.ts'
import type { HookResult } from './next-hook.ts'
import { mayHaveRun, notExecuted } from './pod-hooks.ts'
import type { PodHooks } from './pod-hooks.ts'

/** What is known of all hooks of a restore when the waiting has ended. */
export interface KnownHooks {
  pods: readonly PodHooks[]
  /** By {@link hookKey}. */
  results: ReadonlyMap<string, HookResult>
  /** The keys of the hooks that an attempt has begun. */
  intents: ReadonlySet<string>
}

/** The counts in `status.hookStatus`, and the errors of hooks. */
export interface HookVerdict {
  hooksAttempted: number
  hooksFailed: number
  messages: readonly Message[]
}

/** The key of a hook. It has the pod's uid, because a later pod may have the same name. */
export function hookKey(podUid: string, index: number): string {
  return `${podUid}-${index}`
}

/** Whether each hook has a result. */
export function areHooksDone({ pods, results }: Pick<KnownHooks, 'pods' | 'results'>): boolean {
  return pods.every((pod) => pod.hooks.every((_, index) => results.has(hookKey(pod.uid, index))))
}

/**
 * Counts the hooks and collects their errors. A hook without a result has failed. For such hooks Velero reports only
 * that the time is over, in the namespace of the Restore; here each of them is named too.
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
