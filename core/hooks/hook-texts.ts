import type { ExecHook, PodHooks } from './pod-hooks.ts'

/** The error of a hook that did not run, in Velero's words. */
export function notExecuted(pod: Pick<PodHooks, 'namespace' | 'name'>, hook: ExecHook, why: string): string {
  return `hook ${hook.name} in container ${hook.container} in pod ${pod.namespace}/${pod.name} not executed: ${why}`
}

/** The error of a hook that ran badly, in Velero's words. */
export function failedToExecute(hook: ExecHook, why: string): string {
  return `hook ${hook.name} in container ${hook.container} failed to execute, err: ${why}`
}

/** The error of a hook that was begun by an attempt that did not live to see its end (rule 12). */
export function mayHaveRun(pod: Pick<PodHooks, 'namespace' | 'name'>, hook: ExecHook): string {
  return (
    `hook ${hook.name} in container ${hook.container} may have run: its worker vanished while it ran in pod ` +
    `${pod.namespace}/${pod.name}; annotation drydock.io/hooks: at-least-once on the Restore runs such hooks again`
  )
}
