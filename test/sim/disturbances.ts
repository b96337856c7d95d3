import { between, oneOf } from './chance.ts'
import type { Chance } from './chance.ts'

/**
 * What goes wrong with the n-th call of the simulation:
 * - `refused`: it does not get there, and its error passes when tried again;
 * - `unanswered`: it has its effect, and its sender gets an error;
 * - `death`: its process dies when it has been sent; it gets there after its sender's death, and has its effect;
 * - `slow`: it takes seconds to get there;
 * - `late`: its sender gets an error at once, and it gets there within the seconds that a write may take (rule 7).
 */
export type CallFault = 'refused' | 'unanswered' | 'death' | 'slow' | 'late'

/** What happens to a worker: dead, it is started again after a while; frozen, it does not know of it; without a Lease. */
export type WorkerEvent = 'kill' | 'freeze' | 'lose-lease'

/** What somebody else does. `retry-replaced`: once the restore is over its tarball is replaced, then a retry is asked for. */
export type OtherEvent =
  | 'write-restore'
  | 'sweep'
  | 'terminate'
  | 'terminate-locks'
  | 'new-run'
  | 'new-runs'
  | 'pause'
  | 'retry'
  | 'cancel'
  | 'delete'
  | 'replace-backup'
  | 'retry-replaced'

/** What somebody does to the Restore after a patch of ours was decided, and before it gets there. */
export type MeanwhileEvent = 'write-restore' | 'change-finalizers' | 'sweep'

/** One thing that goes wrong. */
export type Disturbance =
  | { kind: 'call'; n: number; fault: CallFault }
  | { kind: 'worker'; atMs: number; event: WorkerEvent; worker: number; forMs: number }
  | { kind: 'other'; atMs: number; event: OtherEvent }
  /** Just before the n-th patch of the Restore gets there. */
  | { kind: 'meanwhile'; n: number; event: MeanwhileEvent }
  /** Another restore asks for the same namespace, and holds it for so long; `first`: its Restore is the older one. */
  | { kind: 'hold'; atMs: number; forMs: number; first: boolean }
  /** The servers are slow: each call takes up to three seconds to get there. */
  | { kind: 'slow'; atMs: number; forMs: number }
  /** The clock of a worker is ahead by so much, or behind, and so is that of the process that is started in its place. */
  | { kind: 'skew'; worker: number; ms: number }

/** A restore of a few items is through within so many calls and milliseconds. */
const callsAbout = 400
const lengthMs = 16_000

/** How far the clock of a worker is from that of the API server, at most. */
const skewMaxMs = 120_000

/** A retry is asked for while the restore runs, or after its end. */
const retryWithinMs = 60_000

const callFaults: readonly CallFault[] = ['refused', 'unanswered', 'late', 'death', 'slow']
const workerEvents: readonly WorkerEvent[] = ['kill', 'freeze', 'freeze', 'lose-lease']
const harmless: readonly OtherEvent[] = [
  'write-restore',
  'sweep',
  'terminate',
  'terminate-locks',
  'new-run',
  'pause',
  'new-runs',
]

/** The disturbances of a seed. One in five restores is cancelled or deleted, about one in five retried. */
export function disturbancesOf(chance: Chance, workers: number): Disturbance[] {
  const upTo = (what: string, max: number, make: (i: number) => Disturbance) =>
    Array.from({ length: between(chance.at(what, 0), 0, max) }, (_, i) => make(i))
  const timeOf = (what: string, i: number) => between(chance.at(what, i), 0, lengthMs)
  const calls = upTo('calls', 7, (i) => ({
    kind: 'call',
    n: between(chance.at('call', i), 1, callsAbout),
    fault: oneOf(chance.at('fault', i), callFaults),
  }))
  const events = upTo('events', 4, (i) => ({
    kind: 'worker',
    atMs: timeOf('worker-at', i),
    event: oneOf(chance.at('worker-event', i), workerEvents),
    worker: between(chance.at('which-worker', i), 0, workers),
    forMs: between(chance.at('worker-for', i), 500, 40_000),
  }))
  const others = upTo('others', 4, (i) => ({
    kind: 'other',
    atMs: timeOf('other-at', i),
    event: oneOf(chance.at('other-event', i), harmless),
  }))
  const end = chance.at('end', 0)
  const ends: Disturbance[] =
    end < 0.2 ? [{ kind: 'other', atMs: timeOf('end-at', 0), event: end < 0.13 ? 'cancel' : 'delete' }] : []
  const retries = upTo('retries', 3, (i): Disturbance => ({
    kind: 'other',
    atMs: between(chance.at('retry-at', i), 0, retryWithinMs),
    event: 'retry',
  }))
  const skews = upTo('skews', 3, (i): Disturbance => ({
    kind: 'skew',
    worker: between(chance.at('skewed', i), 0, workers),
    ms: between(chance.at('skew', i), -skewMaxMs, skewMaxMs),
  }))
  const isRetried = chance.at('is-retried', 0) < 0.3
  const isSkewed = chance.at('is-skewed', 0) < 0.3
  const some = [...calls, ...events, ...others, ...ends, ...(isRetried ? retries : []), ...(isSkewed ? skews : [])]
  return [...some, ...disturbancesByOthers(chance, ends)]
}

const meanwhileEvents: readonly MeanwhileEvent[] = ['write-restore', 'change-finalizers', 'sweep']

/** A restore patches its Restore about so often. */
const patchesAbout = 12

/** Those of other writers, of another restore, of who makes backups, and slow servers: a cancel often comes while they are slow. */
function disturbancesByOthers(chance: Chance, ends: readonly Disturbance[]): Disturbance[] {
  const meanwhile = Array.from({ length: between(chance.at('meanwhiles', 0), 1, 4) }, (_, i): Disturbance => ({
    kind: 'meanwhile',
    n: between(chance.at('meanwhile', i), 1, patchesAbout),
    event: oneOf(chance.at('meanwhile-event', i), meanwhileEvents),
  }))
  const holds: Disturbance = {
    kind: 'hold',
    atMs: between(chance.at('hold-at', 0), 0, 8_000),
    forMs: between(chance.at('hold-for', 0), 1_000, 60_000),
    first: chance.at('hold-first', 0) < 0.5,
  }
  const replaces: Disturbance = {
    kind: 'other',
    atMs: between(chance.at('replace-at', 0), 0, lengthMs),
    event: 'replace-backup',
  }
  const retriesReplaced: Disturbance = { kind: 'other', atMs: 0, event: 'retry-replaced' }
  const [end] = ends
  const isCancelledSlowly = end !== undefined && 'atMs' in end && chance.at('slow-end', 0) < 0.5
  const slowAtMs = isCancelledSlowly ? Math.max(0, end.atMs - 5_000) : between(chance.at('slow-at', 0), 0, lengthMs)
  const slow: Disturbance = { kind: 'slow', atMs: slowAtMs, forMs: between(chance.at('slow-for', 0), 2_000, 15_000) }
  return [
    ...(chance.at('is-written', 0) < 0.3 ? meanwhile : []),
    ...(chance.at('is-held', 0) < 0.15 ? [holds] : []),
    ...(chance.at('is-replaced', 0) < 0.07 ? [replaces] : []),
    ...(chance.at('is-replaced-over', 0) < 0.04 ? [retriesReplaced] : []),
    ...(isCancelledSlowly || chance.at('is-slow', 0) < 0.1 ? [slow] : []),
  ]
}

/** A disturbance in a few words. */
export function inWords(one: Disturbance): string {
  switch (one.kind) {
    case 'call':
      return `call ${one.n}: ${one.fault}`
    case 'worker':
      return `at ${one.atMs} ms: ${one.event} worker ${one.worker + 1} for ${one.forMs} ms`
    case 'other':
      return `at ${one.atMs} ms: ${one.event}`
    case 'meanwhile':
      return `before patch ${one.n} of the Restore: ${one.event}`
    case 'hold':
      return `at ${one.atMs} ms: another restore, ${one.first ? 'older' : 'younger'}, for ${one.forMs} ms`
    case 'slow':
      return `at ${one.atMs} ms: all calls are slow for ${one.forMs} ms`
    case 'skew':
      return `the clock of worker ${one.worker + 1} is ${one.ms} ms off`
  }
}
