import pLimit from 'p-limit'
import type { AdmittedRef } from '../../contract/restore-workflow.ts'
import { isTransient } from '../../core/port-errors.ts'
import { validLabelValue } from '../../core/values/derived-names.ts'
import { hooksAnnotation, restoreNameLabel } from '../../velero/labels.ts'
import type { Manifest } from '../../velero/manifest.ts'
import { runActivity } from '../frame/run-activity.ts'
import type { Attempt } from '../frame/run-activity.ts'
import type { Session, WorkerParts } from '../frame/session.ts'
import type { Clock, Cluster, Ports } from '../ports.ts'
import { createHookReader, resultsOf } from './hook-journal.ts'
import type { HookState } from './hook-journal.ts'
import { runPodHooks } from './run-pod-hooks.ts'
import type { HookedPod, HookParts } from './run-pod-hooks.ts'

/** Whose hooks to run. */
export interface RunHooksInput {
  ref: AdmittedRef
  /** An earlier run of this restore may have begun hooks. */
  follows: boolean
}

/** Pods whose hooks run side by side. */
const podsInFlightMax = 32
/** Milliseconds between two rounds: more for many pods, and where no pod is left but more may come. */
const pollMs = { min: 500, perPod: 3, max: 5_000, idle: 5_000 } as const
/** How long a command that runs when the restore is cancelled may take to end by itself, so that its result is known. */
const graceMs = 3_000

/**
 * Runs the exec hooks of a restore beside its waves, one activity for all of them, so that waiting for pods takes one
 * slot of the worker: it finds newly registered pods in the journal, waits until their containers run and runs their
 * hooks in order. One pod's failure leaves the others alone. Ends when no more pods come and each hook has a result.
 */
export function runHooks({ ports, sessions }: Omit<WorkerParts, 'settings'>) {
  return ({ ref, follows }: RunHooksInput): Promise<void> => {
    const frame = {
      doing: `running the hooks of restore ${ref.name}`,
      scope: `${ref.uid}/hooks`,
      followsEarlierRun: follows,
    }
    return runActivity(ports.presence, frame, async (attempt) => runAll(await sessions.open(ref), ports, attempt))
  }
}

async function runAll(session: Session, ports: Ports, attempt: Attempt): Promise<void> {
  const read = createHookReader(session.journal)
  const known = new Map<string, HookedPod>()
  const limit = pLimit(podsInFlightMax)
  const running = new Map<string, Promise<void>>()
  let failure: { thrown: unknown } | undefined
  const commands = laterSignal(attempt.signal, graceMs, ports.clock)
  try {
    for (;;) {
      attempt.throwIfStopped()
      if (failure !== undefined) throw (failure as { thrown: unknown }).thrown
      const state = await read()
      const parts = partsOf(session, ports, attempt, { state, signal: commands.signal })
      const open = unfinishedPods(state, known, ports.clock.now().getTime())
      if (open.length === 0 && state.isClosed) return
      const idle = open.filter(({ pod }) => !running.has(pod.uid))
      for (const [hooked, live] of await readUnlessAway(idle, session, ports, attempt)) {
        const work = limit(() => runPodHooks(hooked, live, parts))
          .catch((thrown: unknown) => {
            failure ??= { thrown }
          })
          .finally(() => running.delete(hooked.pod.uid))
        running.set(hooked.pod.uid, work)
      }
      await ports.clock.sleep(pauseMs(open.length), attempt.signal)
      reportWait(attempt, open)
    }
  } finally {
    await Promise.all(running.values())
    commands.end()
  }
}

function partsOf(
  session: Session,
  ports: Ports,
  attempt: Attempt,
  now: { state: HookState; signal: AbortSignal },
): HookParts {
  const { until } = now.state
  return {
    journal: session.journal,
    exec: ports.exec,
    clock: ports.clock,
    attempt: attempt.id,
    signal: now.signal,
    isStopping: () => attempt.signal.aborted,
    isOver: () => until !== undefined && ports.clock.now().getTime() >= Date.parse(until),
    atLeastOnce: session.admission.restore.annotations?.[hooksAnnotation] === 'at-least-once',
  }
}

/** The pods with a hook that has no result. A wait begins anew with each attempt: a crash never makes a hook expire. */
function unfinishedPods(state: HookState, known: Map<string, HookedPod>, now: number): HookedPod[] {
  for (const pod of state.pods) {
    if (!known.has(pod.uid))
      known.set(pod.uid, { pod, results: resultsOf(pod, state.results), since: now, waiting: undefined })
  }
  return [...known.values()].filter(({ pod, results }) => results.size < pod.hooks.length)
}

/** Reads the live pods; none while the API server is unavailable. */
async function readUnlessAway(
  pods: HookedPod[],
  session: Session,
  ports: Ports,
  attempt: Attempt,
): Promise<[HookedPod, Manifest | undefined][]> {
  try {
    return await readPods(ports.cluster, session.admission.restore.name, pods)
  } catch (thrown) {
    if (!isTransient(thrown)) throw thrown
    attempt.waitingFor(`the API server, to read pods with hooks: ${thrown instanceof Error ? thrown.message : ''}`)
    return []
  }
}

/** Up to this number pods are read one by one, more in one list. */
const singlesMax = 16
const pods = { group: '', version: 'v1', resource: 'pods' }

/**
 * Reads the live object of each pod; undefined for a pod that is gone or was created again under its name. Many are
 * read as one list from the server's cache; a pod that is missing there is read by itself.
 */
async function readPods(
  cluster: Cluster,
  restoreName: string,
  hooked: readonly HookedPod[],
): Promise<[HookedPod, Manifest | undefined][]> {
  const listed = new Map<string, Manifest>()
  if (hooked.length > singlesMax) {
    const labelSelector = `${restoreNameLabel}=${validLabelValue(restoreName)}`
    for (const pod of await cluster.list(pods, { labelSelector, cached: true })) listed.set(pod.metadata.uid ?? '', pod)
  }
  return Promise.all(
    hooked.map(async (one): Promise<[HookedPod, Manifest | undefined]> => {
      const { uid, namespace, name } = one.pod
      const found = listed.get(uid) ?? (await cluster.get({ ...pods, namespace, name }))
      return [one, found?.metadata.uid === uid ? found : undefined]
    }),
  )
}

function pauseMs(pods: number): number {
  if (pods === 0) return pollMs.idle
  return Math.min(pollMs.max, Math.max(pollMs.min, pods * pollMs.perPod))
}

function reportWait(attempt: Attempt, open: readonly HookedPod[]): void {
  const first = open.find(({ waiting }) => waiting !== undefined)
  attempt.waitingFor(first === undefined ? undefined : `${first.waiting} (hooks of ${open.length} pods)`)
}

/** A signal that aborts some time after another one. */
function laterSignal(signal: AbortSignal, ms: number, clock: Clock): { signal: AbortSignal; end(): void } {
  const later = new AbortController()
  const ended = new AbortController()
  const start = () => {
    clock.sleep(ms, ended.signal).then(
      () => later.abort(signal.reason),
      () => undefined,
    )
  }
  if (signal.aborted) start()
  else signal.addEventListener('abort', start, { once: true })
  return {
    signal: later.signal,
    end() {
      ended.abort()
      signal.removeEventListener('abort', start)
    },
  }
}
