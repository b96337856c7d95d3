import type { Manifest } from '../../velero/manifest.ts'
import type { ExecRestoreHook, RestoreResourceHookSpec } from '../../velero/restore.ts'
import { hookAppliesTo, parseHookCommand } from '../filter/hook-spec.ts'
import { annotationOf, objectsAt, textAt } from '../values/fields.ts'
import { durationOrZeroMs } from '../values/go-duration.ts'

/** A restored pod and its hooks. Commands may contain secrets, so this is stored only in the journal. */
export interface PodHooks {
  namespace: string
  name: string
  uid: string
  /** The names of its containers: a hook for another container can never run. */
  containers: readonly string[]
  /** The hooks, in the order in which they run in a container. */
  hooks: readonly ExecHook[]
}

/** A command to run in a container when the container is running. */
export interface ExecHook {
  /** `<from-annotation>`, or the name in the spec of the restore. */
  name: string
  source: 'annotation' | 'spec'
  container: string
  command: readonly string[]
  /** Empty has the same effect as `Continue`, as in Velero. */
  onError: 'Continue' | 'Fail' | ''
  /** Zero for the default. */
  execTimeoutMs: number
  /** Zero for no limit of its own. */
  waitTimeoutMs: number
  waitForReady: boolean
}

const prefix = 'post.hook.restore.velero.io/'
const annotationName = '<from-annotation>'

/**
 * The exec hooks of a pod that this restore has created; `pod` is the answer of the API server. If the pod has
 * annotations for a hook, the hooks in the spec of the restore are ignored. Undefined if there is no hook.
 * Source: internal/hook/item_hook_handler.go GroupRestoreExecHooks.
 */
export function podHooks(pod: Manifest, specs: readonly RestoreResourceHookSpec[]): PodHooks | undefined {
  const containers = objectsAt(pod, 'spec', 'containers').map((container) => textAt(container, 'name'))
  const [first] = containers
  if (first === undefined) return undefined
  const annotated = annotatedHook(pod, first)
  const hooks = annotated === undefined ? specHooks(pod, specs, first) : [annotated]
  if (hooks.length === 0) return undefined
  const { namespace = '', name, uid = '' } = pod.metadata
  return { namespace, name, uid, containers, hooks }
}

function annotatedHook(pod: Manifest, firstContainer: string): ExecHook | undefined {
  const text = (key: string) => annotationOf(pod, `${prefix}${key}`) ?? ''
  const command = text('command')
  if (command === '') return undefined
  return {
    name: annotationName,
    source: 'annotation',
    container: text('container') || firstContainer,
    command: parseHookCommand(command),
    onError: errorMode(text('on-error')),
    execTimeoutMs: durationOrZeroMs(text('exec-timeout')),
    waitTimeoutMs: durationOrZeroMs(text('wait-timeout')),
    waitForReady: ['1', 't', 'T', 'TRUE', 'true', 'True'].includes(text('wait-for-ready')),
  }
}

function specHooks(pod: Manifest, specs: readonly RestoreResourceHookSpec[], firstContainer: string): ExecHook[] {
  const { namespace = '' } = pod.metadata
  return specs
    .filter((spec) => hookAppliesTo(spec, { namespace, labels: pod.metadata.labels }) === true)
    .flatMap((spec) =>
      (spec.postHooks ?? []).flatMap(({ exec }) =>
        exec === undefined || exec === null ? [] : [specHook(spec.name, exec, firstContainer)],
      ),
    )
}

function specHook(name: string, exec: ExecRestoreHook, firstContainer: string): ExecHook {
  return {
    name,
    source: 'spec',
    container: exec.container || firstContainer,
    command: exec.command,
    onError: errorMode(exec.onError ?? ''),
    execTimeoutMs: durationOrZeroMs(exec.execTimeout),
    waitTimeoutMs: durationOrZeroMs(exec.waitTimeout),
    waitForReady: exec.waitForReady === true,
  }
}

function errorMode(text: string): ExecHook['onError'] {
  return text === 'Continue' || text === 'Fail' ? text : ''
}

/** The error of a hook that did not run, in Velero's words. */
export function notExecuted(pod: Pick<PodHooks, 'namespace' | 'name'>, hook: ExecHook, why: string): string {
  return `hook ${hook.name} in container ${hook.container} in pod ${pod.namespace}/${pod.name} not executed: ${why}`
}

/** The error of a hook whose command failed, in Velero's words. */
export function failedToExecute(hook: ExecHook, why: string): string {
  return `hook ${hook.name} in container ${hook.container} failed to execute, err: ${why}`
}

/** The error of a hook without a result that an earlier attempt has begun (rule 12). */
export function mayHaveRun(pod: Pick<PodHooks, 'namespace' | 'name'>, hook: ExecHook): string {
  return (
    `hook ${hook.name} in container ${hook.container} may have run: its worker vanished while it ran in pod ` +
    `${pod.namespace}/${pod.name}; annotation drydock.io/hooks: at-least-once on the Restore runs such hooks again`
  )
}
