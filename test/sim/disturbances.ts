import { between, oneOf } from './chance.ts'
import type { Chance } from './chance.ts'

/**
 * What goes wrong with the n-th call of the simulation:
 * - `refused`: it does not get there, and its error passes when tried again;
 * - `unanswered`: it has its effect, and its sender gets an error;
 * - `death`: its process dies when it has been sent; it gets there after its sender's death, and has its effect;
 * - `slow`: it takes seconds to get there.
 */
export type CallFault = 'refused' | 'unanswered' | 'death' | 'slow'

/** What happens to a worker: dead, it is started again after a while; frozen, it does not know of it; without a Lease. */
export type WorkerEvent = 'kill' | 'freeze' | 'lose-lease'

/** What somebody else does. */
export type OtherEvent =
  'write-restore' | 'sweep' | 'terminate' | 'terminate-locks' | 'new-run' | 'pause' | 'cancel' | 'delete'

/** One thing that goes wrong. */
export type Disturbance =
  | { kind: 'call'; n: number; fault: CallFault }
  | { kind: 'worker'; atMs: number; event: WorkerEvent; worker: number; forMs: number }
  | { kind: 'other'; atMs: number; event: OtherEvent }

/** A restore of a few items is through within so many calls and milliseconds. */
const callsAbout = 400
const lengthMs = 16_000

const callFaults: readonly CallFault[] = ['refused', 'unanswered', 'unanswered', 'death', 'slow']
const workerEvents: readonly WorkerEvent[] = ['kill', 'freeze', 'freeze', 'lose-lease']
const harmless: readonly OtherEvent[] = ['write-restore', 'sweep', 'terminate', 'terminate-locks', 'new-run', 'pause']

/** The disturbances of a seed. One in five restores is cancelled or deleted. */
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
  return [...calls, ...events, ...others, ...ends]
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
  }
}
