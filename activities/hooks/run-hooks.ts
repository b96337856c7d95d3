import { isTransient } from '../../core/port-errors.ts'
import { hooksAnnotation } from '../../velero/labels.ts'
import { withAttempt } from '../frame/run-activity.ts'
import type { Attempt } from '../frame/run-activity.ts'
import { asFailure } from '../frame/failures.ts'
import { createGate } from '../frame/gate.ts'
import type { Ports } from '../ports.ts'
import type { AdmittedRef } from '../../contract/restore-workflow.ts'
import type { Session, Sessions } from '../frame/session.ts'
import { createHookReader, resultsOf } from './hook-journal.ts'
import type { HookState } from './hook-journal.ts'
import { readPods } from './read-pods.ts'
import { tendPod } from './run-pod-hooks.ts'
import type { TendedPod, Tending } from './run-pod-hooks.ts'

/** Whose hooks to run. */
export interface RunHooksInput {
  ref: AdmittedRef
  /** An earlier run of this restore may have begun hooks. */
  follows: boolean
}

/** Pods whose hooks run side by side. */
const podsInFlightMax = 32
/** Between two looks: longer for many pods, and where none is left but more may come. */
const lookMs = { min: 500, perPod: 3, max: 5_000, idle: 5_000 } as const
/** A command that runs when the restore is cancelled gets so long to end by itself, so that its result is known. */
const lastWordsMs = 3_000

/**
 * Runs the exec hooks of a restore beside its waves, one activity for all of them, so that waiting for pods takes one
 * slot of the worker: it finds newly registered pods in the journal, waits until their containers are up and runs their
 * hooks in order. One pod's failure leaves the others alone. Ends when no more pods come and each hook has a result.
 */
export function runHooks({ ports, sessions }: { ports: Ports; sessions: Sessions }) {
  return (input: RunHooksInput): Promise<void> =>
    withAttempt(ports.presence.worker, async (attempt) => {
      const scope = `${input.ref.uid}/hooks`
      try {
        const session = await sessions.open(input.ref)
        const end = ports.presence.begin(scope)
        try {
          if (attempt.number > 1 || input.follows)
            await ports.presence.fence(scope, { signal: attempt.signal, onWait: attempt.waitingFor })
          await attendHooks(session, ports, attempt)
        } finally {
          end()
        }
      } catch (thrown) {
        throw asFailure(thrown, `running the hooks of restore ${input.ref.name}`)
      }
    })
}

async function attendHooks(session: Session, ports: Ports, attempt: Attempt): Promise<void> {
  const read = createHookReader(session.journal)
  const tended = new Map<string, TendedPod>()
  const gate = createGate(podsInFlightMax)
  const busy = new Map<string, Promise<void>>()
  let trouble: { thrown: unknown } | undefined
  const lastWords = delayedSignal(attempt.signal, lastWordsMs)
  try {
    for (;;) {
      attempt.throwIfStopped()
      if (trouble !== undefined) throw (trouble as { thrown: unknown }).thrown
      const state = await read()
      const tending = tendingOf(session, ports, attempt, { state, signal: lastWords.signal })
      const open = openPods(state, tended, ports.clock.now().getTime())
      if (open.length === 0 && state.isClosed) return
      const idle = open.filter(({ pod }) => !busy.has(pod.uid))
      for (const [pod, live] of await lookAt(idle, session, ports, attempt)) {
        const work = gate(() => tendPod(pod, live, tending))
          .catch((thrown: unknown) => {
            trouble ??= { thrown }
          })
          .finally(() => busy.delete(pod.pod.uid))
        busy.set(pod.pod.uid, work)
      }
      await ports.clock.sleep(pauseMs(open.length), attempt.signal)
      sayWait(attempt, open)
    }
  } finally {
    await Promise.all(busy.values())
    lastWords.end()
  }
}

function tendingOf(
  session: Session,
  ports: Ports,
  attempt: Attempt,
  now: { state: HookState; signal: AbortSignal },
): Tending {
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
function openPods(state: HookState, tended: Map<string, TendedPod>, now: number): TendedPod[] {
  for (const pod of state.pods) {
    if (!tended.has(pod.uid))
      tended.set(pod.uid, { pod, results: resultsOf(pod, state.results), since: now, waiting: undefined })
  }
  return [...tended.values()].filter(({ pod, results }) => results.size < pod.hooks.length)
}

/** Reads the pods; while the API server is away that is what is waited for. */
async function lookAt(pods: TendedPod[], session: Session, ports: Ports, attempt: Attempt) {
  try {
    return await readPods(ports.cluster, session.admission.restore.name, pods)
  } catch (thrown) {
    if (!isTransient(thrown)) throw thrown
    attempt.waitingFor(`the API server, to read pods with hooks: ${thrown instanceof Error ? thrown.message : ''}`)
    return []
  }
}

function pauseMs(pods: number): number {
  if (pods === 0) return lookMs.idle
  return Math.min(lookMs.max, Math.max(lookMs.min, pods * lookMs.perPod))
}

function sayWait(attempt: Attempt, open: readonly TendedPod[]): void {
  const first = open.find(({ waiting }) => waiting !== undefined)
  attempt.waitingFor(first === undefined ? undefined : `${first.waiting} (hooks of ${open.length} pods)`)
}

/** A signal that aborts some time after another one. */
function delayedSignal(signal: AbortSignal, ms: number): { signal: AbortSignal; end(): void } {
  const late = new AbortController()
  let timer: NodeJS.Timeout | undefined
  const start = () => {
    timer = setTimeout(() => late.abort(signal.reason), ms)
  }
  if (signal.aborted) start()
  else signal.addEventListener('abort', start, { once: true })
  return {
    signal: late.signal,
    end() {
      clearTimeout(timer)
      signal.removeEventListener('abort', start)
    },
  }
}
