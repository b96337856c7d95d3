import { between, chanceOf, oneOf } from '../sim/chance.ts'
import type { Chance } from '../sim/chance.ts'

/** Where something goes wrong on the way: to the API server, to the bucket, to Temporal. */
export type Way = 'api' | 'bucket' | 'temporal'

/**
 * What happens to one request of HTTP:
 * - `busy`, `failing`: it is answered 429 (by a bucket: 503 SlowDown), or 500, and does not get there;
 * - `lost`: its connection is reset before it gets there;
 * - `unanswered`: it is done, and its connection is reset instead of the answer;
 * - `late`: its connection is reset at once, and it gets there seconds later, within the time that a write may take (rule 7).
 */
export type RequestFault = 'busy' | 'failing' | 'lost' | 'unanswered' | 'late'

/** What happens to a way for a while: nothing gets through, all waits, all takes longer, each second request has a fault. */
export type SpellFault = 'cut' | 'stalled' | 'slow' | 'busy' | 'failing' | 'unanswered'

/**
 * What happens to a worker: `kill` and `stop` (SIGTERM) end it, and another one takes its place; `upgrade` starts the other one
 * first; `freeze` stops it for so long, and it does not know of it.
 */
export type WorkerEvent = 'kill' | 'freeze' | 'stop' | 'upgrade'

/** What somebody else does: a person in the Web UI, a starting Velero server, another controller. */
export type OtherEvent = 'terminate' | 'terminate-locks' | 'sweep' | 'write-restore'

/**
 * What a user does: pauses the restore for so long, cancels it, or cancels it and retries it when it is over.
 */
export type UserEvent = 'pause' | 'cancel' | 'cancel-and-retry'

/** A server that dies by SIGKILL, and is started again with what it has on its disk. */
export type ServerName = 'kube-apiserver' | 'etcd' | 'versitygw' | 'temporal'

/** One thing that goes wrong. `at` is how far the restore would be then if nothing disturbed it, in percent of its time. */
export type Disturbance =
  /** The n-th write to the API server, or the n-th request to the bucket, of all workers. */
  | { kind: 'request'; way: 'api' | 'bucket'; n: number; fault: RequestFault }
  /** Of one worker, or of all. The bucket has one address, so it is the same for all. */
  | { kind: 'spell'; at: number; forMs: number; way: Way; worker: number | 'all'; fault: SpellFault }
  | { kind: 'worker'; at: number; worker: number; event: WorkerEvent; forMs: number }
  | { kind: 'other'; at: number; event: OtherEvent }
  | { kind: 'user'; at: number; event: UserEvent; forMs: number }
  | { kind: 'server'; at: number; server: ServerName; forMs: number }

/** What may go wrong beside what each schedule has. What a seed has without them stays, and has what they bring beside it. */
export interface Beside {
  /** Users pause, cancel and retry. */
  users?: boolean
  /** Servers die. */
  servers?: boolean
}

/** How many workers serve the cluster. */
export const workerCount = 2

const requestFaults: readonly RequestFault[] = ['busy', 'failing', 'lost', 'unanswered', 'unanswered', 'late']
const httpSpells: readonly SpellFault[] = ['cut', 'stalled', 'slow', 'busy', 'failing', 'unanswered']
const streamSpells: readonly SpellFault[] = ['cut', 'stalled', 'slow', 'unanswered']
const workerEvents: readonly WorkerEvent[] = ['kill', 'kill', 'freeze', 'freeze', 'stop', 'upgrade']
const otherEvents: readonly OtherEvent[] = ['terminate', 'terminate', 'terminate-locks', 'sweep', 'write-restore']

const userEvents: readonly UserEvent[] = ['pause', 'pause', 'cancel', 'cancel-and-retry', 'cancel-and-retry']
const servers: readonly ServerName[] = ['kube-apiserver', 'kube-apiserver', 'etcd', 'versitygw', 'temporal']

/** What goes wrong with the restore of a seed, of a backup of about so many items. There is at least one thing. */
export function scheduleOf(seed: number, items: number, beside: Beside = {}): Disturbance[] {
  const chance = chanceOf(seed)
  const some = (what: string, most: number, make: (i: number) => Disturbance) =>
    Array.from({ length: between(chance.at(what, 0), 0, most + 1) }, (_, i) => make(i))
  const placeOf = (what: string, i: number) => between(chance.at(what, i), 0, 100)
  const workerOf = (what: string, i: number) => between(chance.at(what, i), 0, workerCount)
  const requests = some('requests', 6, (i) => {
    const way = oneOf(chance.at('request-way', i), ['api', 'api', 'bucket'] as const)
    const most = way === 'api' ? items * 2 : items
    const fault = oneOf(chance.at('request-fault', i), requestFaults)
    return { kind: 'request', way, n: between(chance.at('request-n', i), 1, most), fault }
  })
  const spells = some('spells', 2, (i) => {
    const way = oneOf(chance.at('spell-way', i), ['api', 'api', 'bucket', 'temporal'] as const)
    const fault = oneOf(chance.at('spell-fault', i), way === 'temporal' ? streamSpells : httpSpells)
    const isForAll = way === 'bucket' || chance.at('spell-all', i) < 0.5
    const worker = isForAll ? 'all' : workerOf('spell-worker', i)
    const forMs = between(chance.at('spell-for', i) ** 2, 200, 30_000)
    return { kind: 'spell', at: placeOf('spell-at', i), forMs, way, worker, fault }
  })
  const events = some('events', 2, (i) => ({
    kind: 'worker',
    at: placeOf('event-at', i),
    worker: workerOf('event-worker', i),
    event: oneOf(chance.at('event', i), workerEvents),
    forMs: between(chance.at('event-for', i), 500, 25_000),
  }))
  const others = some('others', 1, (i) => ({
    kind: 'other',
    at: placeOf('other-at', i),
    event: oneOf(chance.at('other', i), otherEvents),
  }))
  const always = [...requests, ...spells, ...events, ...others]
  const first: Disturbance = { kind: 'worker', at: placeOf('only-at', 0), worker: 0, event: 'kill', forMs: 0 }
  return [...(always.length > 0 ? always : [first]), ...disturbancesBeside(chance, beside)]
}

/** One thing that users do, and one death of a server or two. */
function disturbancesBeside(chance: Chance, beside: Beside): Disturbance[] {
  const placeOf = (what: string, i: number) => between(chance.at(what, i), 0, 100)
  const users: Disturbance[] = [0].map((i) => ({
    kind: 'user',
    at: placeOf('user-at', i),
    event: oneOf(chance.at('user', i), userEvents),
    forMs: between(chance.at('user-for', i), 500, 15_000),
  }))
  const deaths = Array.from({ length: between(chance.at('deaths', 0), 1, 3) }, (_, i): Disturbance => ({
    kind: 'server',
    at: placeOf('death-at', i),
    server: oneOf(chance.at('death', i), servers),
    forMs: between(chance.at('death-for', i) ** 2, 200, 20_000),
  }))
  return [...(beside.users === true ? users : []), ...(beside.servers === true ? deaths : [])]
}

/** A disturbance in a few words. */
export function inWords(one: Disturbance): string {
  switch (one.kind) {
    case 'request':
      return `${one.way === 'api' ? 'write' : 'request'} ${one.n} to the ${nameOf(one.way)}: ${one.fault}`
    case 'spell': {
      const whose = one.worker === 'all' ? '' : ` of worker ${one.worker + 1}`
      return `at ${one.at} %, for ${one.forMs} ms: the way${whose} to the ${nameOf(one.way)} is ${one.fault}`
    }
    case 'worker':
      return `at ${one.at} %: ${one.event} worker ${one.worker + 1}${one.event === 'freeze' ? ` for ${one.forMs} ms` : ''}`
    case 'other':
      return `at ${one.at} %: ${one.event}`
    case 'user':
      return `at ${one.at} %: ${one.event}${one.event === 'pause' ? ` for ${one.forMs} ms` : ''}`
    case 'server':
      return `at ${one.at} %: kill ${one.server} for ${one.forMs} ms`
  }
}

const nameOf = (way: Way): string => ({ api: 'API server', bucket: 'bucket', temporal: 'Temporal server' })[way]
