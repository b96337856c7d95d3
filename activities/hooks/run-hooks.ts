import pLimit from 'p-limit'
import type { Wait } from '../../contract/look.ts'
import type { AdmittedRef } from '../../contract/restore-workflow.ts'
import { isTransient } from '../../core/port-errors.ts'
import { validLabelValue } from '../../core/values/derived-names.ts'
import { hooksAnnotation, restoreNameLabel } from '../../velero/labels.ts'
import type { Manifest } from '../../velero/manifest.ts'
import { cachedByRun } from '../frame/cached-by-run.ts'
import { actingFor } from '../frame/acting-as.ts'
import { assertUnderway, pauseAfter, runActivity } from '../frame/run-activity.ts'
import type { Attempt } from '../frame/run-activity.ts'
import type { Session, WorkerParts } from '../frame/session.ts'
import type { Clock, Cluster, Ports } from '../ports.ts'
import { beginWaits, createHookReader, resultsOf } from './hook-journal.ts'
import type { HookReader, HookState } from './hook-journal.ts'
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
/** Milliseconds between two rounds while commands run. */
const roundMs = { min: 500, perPod: 3, max: 5_000 } as const
/** The pause between two looks, longer and longer while nothing happens. */
const lookSeconds = { first: 0.5, last: 15 } as const
/** What a look waits for, and how long, where this worker runs as many commands as it may. Another worker may take it. */
const busy = 'commands of hooks of other restores to end'
const busySeconds = 1
/** How long a command that runs when the restore is cancelled may take to end by itself, so that its result is known. */
const graceMs = 3_000

/**
 * Runs the exec hooks of a restore beside its waves: finds newly registered pods in the journal and runs the hooks of those
 * whose containers are up, in order. One pod's failure leaves the others alone. While commands run it holds one of the slots
 * that are there for hooks, beyond those of other work; where all pods are still to come up the look ends, and Temporal begins
 * the next one after a pause. It is over when no more pods come and each hook has a result.
 */
export function runHooks({ ports, sessions, settings }: WorkerParts) {
  const readerIn = cachedByRun(() => Promise.resolve(createHookReader()))
  let running = 0
  return ({ ref, follows }: RunHooksInput): Promise<void> => {
    const frame = {
      doing: `running the hooks of restore ${ref.name}`,
      scope: `${ref.uid}/hooks`,
      followsEarlierRun: follows,
    }
    return runActivity(ports.presence, frame, async (attempt) => {
      if (running >= settings.hookRunsMax)
        throw attempt.pause({ waitingFor: busy, afterSeconds: busySeconds, carry: attempt.carried })
      running++
      try {
        const session = await sessions.open(ref)
        const live = await assertUnderway(ports.cluster, ref)
        const acting = actingFor(ports, settings, { admission: session.admission, live })
        const ended = await runRounds({ ...session, read: await readerIn(session) }, acting, attempt)
        if (!ended.isOver) throw attempt.pause(pauseOf(ended, attempt))
      } finally {
        running--
      }
    })
  }
}

/** How a look at the hooks has ended. */
interface RoundsEnded {
  isOver: boolean
  /** What the first pod waits for. */
  waitingFor: string
  /** Changes with each pod that is registered and each hook that has a result. */
  seen: string
  /** Until when the finalization waits, in milliseconds; undefined while it has not begun. */
  untilMs: number | undefined
  nowMs: number
}

/** A session, and what has read its hooks before. */
interface HookSession extends Session {
  read: HookReader
}

async function runRounds(session: HookSession, ports: Ports, attempt: Attempt): Promise<RoundsEnded> {
  const known = new Map<string, HookedPod>()
  const limit = pLimit(podsInFlightMax)
  const running = new Map<string, Promise<void>>()
  let failure: { thrown: unknown } | undefined
  const commands = laterSignal(attempt.signal, graceMs, ports.clock)
  try {
    for (let round = 0; ; round++) {
      attempt.throwIfStopped()
      const state = await readWithWaits(session, { attempt, round, now: ports.clock.now() })
      const parts = partsOf(session, ports, attempt, { state, signal: commands.signal })
      const open = state.isJudged ? [] : unfinishedPods(state, known)
      const idle = open.filter(({ pod }) => !running.has(pod.uid))
      for (const [hooked, live] of await readUnlessAway(idle, session, ports)) {
        // After a failure this attempt begins nothing more: whether a command of its own was sent, only the next one asks.
        const work = limit(async () => (failure === undefined ? runPodHooks(hooked, live, parts) : undefined))
          .catch((thrown: unknown) => {
            failure ??= { thrown }
          })
          .finally(() => running.delete(hooked.pod.uid))
        running.set(hooked.pod.uid, work)
      }
      await Promise.race([Promise.all(running.values()), ports.clock.sleep(pauseMs(open.length), attempt.signal)])
      if (failure !== undefined) throw (failure as { thrown: unknown }).thrown
      attempt.waitingFor(waitOf(open))
      if (running.size === 0) return endOf(state, known, ports.clock.now().getTime())
    }
  } finally {
    await Promise.all(running.values())
    commands.end()
  }
}

/** Reads the hooks, and settles since when each pod is waited for: no later attempt begins that wait anew. */
async function readWithWaits(
  { journal, read }: HookSession,
  { attempt, round, now }: { attempt: Attempt; round: number; now: Date },
): Promise<HookState> {
  const state = await read(journal)
  const fresh = state.pods.filter(
    ({ uid, hooks }) => !state.since.has(uid) && hooks.some((one) => one.waitTimeoutMs > 0),
  )
  if (fresh.length === 0) return state
  await beginWaits(journal, `${attempt.id}-${round}`, { pods: fresh.map(({ uid }) => uid), since: now.toISOString() })
  return read(journal)
}

function endOf(state: HookState, known: ReadonlyMap<string, HookedPod>, nowMs: number): RoundsEnded {
  const pods = [...known.values()]
  const open = state.isJudged ? [] : pods.filter(isUnfinished)
  const done = pods.reduce((sum, { results }) => sum + results.size, 0)
  return {
    isOver: open.length === 0 && (state.isClosed || state.isJudged),
    waitingFor: waitOf(open) ?? 'more pods with hooks',
    seen: `${pods.length} pods, ${done} results`,
    untilMs: state.until === undefined ? undefined : Date.parse(state.until),
    nowMs,
  }
}

/** The pause begins short again after each look that has seen something new, and ends when the finalization gives up. */
function pauseOf({ waitingFor, seen, untilMs, nowMs }: RoundsEnded, attempt: Attempt): Wait {
  const before = attempt.carried as { seen?: unknown; quiet?: unknown } | undefined
  const quiet = before?.seen === seen && typeof before.quiet === 'number' ? before.quiet + 1 : 1
  const leftSeconds = untilMs === undefined || untilMs <= nowMs ? Infinity : (untilMs - nowMs) / 1000
  const afterSeconds = Math.min(pauseAfter(quiet, lookSeconds), leftSeconds)
  return { waitingFor, afterSeconds, carry: { seen, quiet } }
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
    assertMayWrite: () => ports.presence.assertMayWrite(),
    isStopping: () => attempt.signal.aborted,
    isOver: () => until !== undefined && ports.clock.now().getTime() >= Date.parse(until),
    atLeastOnce: session.admission.restore.annotations?.[hooksAnnotation] === 'at-least-once',
  }
}

/** The pods with a hook that has no result. */
function unfinishedPods(state: HookState, known: Map<string, HookedPod>): HookedPod[] {
  for (const pod of state.pods) {
    if (!known.has(pod.uid))
      known.set(pod.uid, {
        pod,
        results: resultsOf(pod, state.results),
        since: state.since.get(pod.uid),
        waiting: undefined,
      })
  }
  return [...known.values()].filter(isUnfinished)
}

function isUnfinished({ pod, results }: HookedPod): boolean {
  return results.size < pod.hooks.length
}

/** Reads the live pods; none while the API server is unavailable. */
async function readUnlessAway(
  pods: HookedPod[],
  session: Session,
  ports: Ports,
): Promise<[HookedPod, Manifest | undefined][]> {
  try {
    return await readPods(ports.cluster, session.admission.restore.name, pods)
  } catch (thrown) {
    if (!isTransient(thrown)) throw thrown
    const why = thrown instanceof Error ? thrown.message : ''
    for (const one of pods) one.waiting = `the API server, to read pods with hooks: ${why}`
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
  return Math.min(roundMs.max, Math.max(roundMs.min, pods * roundMs.perPod))
}

function waitOf(open: readonly HookedPod[]): string | undefined {
  const first = open.find(({ waiting }) => waiting !== undefined)
  return first === undefined ? undefined : `${first.waiting} (hooks of ${open.length} pods)`
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
