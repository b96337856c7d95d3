import { gunzipSync } from 'node:zlib'
import type { Outcome } from '../../../core/items/outcome.ts'
import { tallyOf } from '../../../core/results/tally.ts'
import type { ChangeNote } from '../../../core/undo/change-note.ts'
import type { Manifest } from '../../../velero/manifest.ts'
import type { World } from '../../ports/world.ts'
import type { Ended } from './run-attempts.ts'

/** The world after an activity, without what the server assigns and without times: two runs with the same end are equal. */
export interface EndState {
  outcome: unknown
  /** By kind, namespace and name; Events have their own place. */
  objects: Record<string, unknown>
  events: Record<string, unknown>
  /** What the journal says, whoever wrote it in how many shards. */
  journal: Record<string, unknown>
  /** The files of backups and restores. */
  files: Record<string, unknown>
  /** How often each command has run. */
  ran: Record<string, number>
  workflows: Record<string, unknown>
  /** What a DeleteItemAction was given, and the snapshots of the cloud. */
  plugins: { recorded: string; snapshots: string }
  /** What the receiver of notifications got, by delivery. */
  received: Record<string, unknown>
}

/** Describes the world after an activity. */
export function endStateOf(world: World, { outcome }: Pick<Ended, 'outcome'>): EndState {
  const objects = world.cluster.objects()
  const isEvent = ({ kind }: Manifest) => kind === 'Event'
  const described = (of: readonly Manifest[]) => Object.fromEntries(of.map((one) => [placeOf(one), objectOf(one)]))
  const keys = [...world.buckets.objects('backups')]
  const inJournal = (key: string) => /^restores\/[^/]+\/drydock\//.test(key)
  // A write that is tried at the admission may get there after its removal.
  const isProbe = (key: string) => /^restores\/[^/]+\/drydock\/[^/]+\/probe$/.test(key)
  return {
    outcome: timeless(outcome),
    objects: described(objects.filter((one) => !isEvent(one))),
    events: described(objects.filter(isEvent)),
    journal: journalOf(keys.filter(([key]) => inJournal(key) && !isProbe(key))),
    files: Object.fromEntries(keys.filter(([key]) => !inJournal(key)).map(([key, body]) => [key, fileOf(body, key)])),
    ran: countEach(world.exec.ran),
    workflows: workflowsOf(world),
    plugins: {
      recorded: [...world.deleteAction.recorded].sort().join(', '),
      snapshots: [...world.cloud.snapshots].sort().join(', '),
    },
    received: Object.fromEntries(world.receiver.received),
  }
}

function placeOf({ kind, metadata }: Manifest): string {
  return `${kind} ${metadata.namespace ?? ''}/${metadata.name}`
}

/** What stands unchanged in many worlds is described once. */
function once<Key extends object, Value>(
  describe: (key: Key, name: string) => Value,
): (key: Key, name?: string) => Value {
  const known = new WeakMap<Key, Value>()
  return (key, name = '') => {
    if (!known.has(key)) known.set(key, describe(key, name))
    return known.get(key) as Value
  }
}

/** The server sorts the owners of fields by the time of their last write. */
const objectOf = once(({ metadata, ...rest }: Manifest) => {
  const { resourceVersion: _version, managedFields = [], ...kept } = metadata
  const owners = managedFields.map(({ time: _time, ...entry }) => JSON.stringify(entry)).sort()
  return timeless({ ...rest, metadata: { ...kept, owners } })
})

/** JSON as it says, a log as its lines in any order, anything else as text; without times. */
const fileOf = once((body: Buffer, key: string): unknown => {
  const text = key.endsWith('.gz') && body[0] === 0x1f ? gunzipSync(body).toString('utf8') : body.toString('utf8')
  if (key.endsWith('-logs.gz')) return text.split('\n').map(timeless).sort()
  try {
    return timeless(JSON.parse(text))
  } catch {
    return timeless(text)
  }
})

const shardOf = once((body: Buffer): unknown =>
  timeless((JSON.parse(gunzipSync(body).toString('utf8')) as { content: unknown }).content),
)

/** Shards that each attempt writes under a name of its own are taken together. */
function journalOf(shards: readonly (readonly [string, Buffer])[]): Record<string, unknown> {
  const contents = new Map(shards.map(([key, body]) => [shardNameOf(key), shardOf(body)]))
  const inside = (folder: string) => [...contents].filter(([name]) => name.startsWith(folder))
  const outcomes = inside('outcomes/').flatMap(([, content]) => content as Outcome[])
  const pods = inside('hooks/registered/').flatMap(([, content]) => content as { uid: string }[])
  const states = inside('operations/').map(([, content]) => content as Record<string, object>)
  const shared = ['outcomes/', 'intents/', 'hooks/registered/', 'hooks/waiting/', 'hooks/begun/', 'operations/']
  shared.push('finalize/patch-volumes/', 'finalize/scale-workloads/', 'undo/before/')
  const single = [...contents].filter(([name]) => !shared.some((folder) => name.startsWith(folder)))
  return {
    ...Object.fromEntries(single),
    outcomes: Object.fromEntries(
      [...tallyOf(outcomes).values()].map(({ tries: _tries, version: _version, ...one }) => [one.key, one]),
    ),
    before: Object.fromEntries(
      inside('undo/before/')
        .flatMap(([, content]) => content as ChangeNote[])
        .map((one) => [one.key, one]),
    ),
    scaled: Object.fromEntries(
      inside('finalize/scale-workloads/')
        .flatMap(([, content]) => content as { uid: string }[])
        .map((one) => [one.uid, one]),
    ),
    hooks: Object.fromEntries(pods.map((pod) => [pod.uid, pod])),
    begun: inside('hooks/begun/').map(([name]) => name),
    operations: states.length === 0 ? {} : Object.assign({}, ...states),
  }
}

function shardNameOf(key: string): string {
  return key.replace(/^restores\/[^/]+\/drydock\/[^/]+\//, '').replace(/\.json\.gz$/, '')
}

function countEach(values: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const value of values) counts[value] = (counts[value] ?? 0) + 1
  return counts
}

/** What workflows were told, once each: telling them twice changes nothing. */
function workflowsOf(world: World): Record<string, unknown> {
  return Object.fromEntries(
    [...world.temporal.state().values()].map(({ workflowId, type, status, signals, isCancelRequested }) => [
      workflowId,
      {
        type,
        status,
        isCancelRequested,
        signals: [...new Set(signals.map((signal) => JSON.stringify(signal)))].sort(),
      },
    ]),
  )
}

/** Takes out times, and which process of the worker it was. */
function timeless<T>(value: T): T {
  const text = JSON.stringify(value)
    .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, '<time>')
    .replace(/drydock-worker-\d+/g, '<worker>')
  return JSON.parse(text) as T
}

/** The places where two values differ, with both sides; a few of them are enough to see why. */
export function differences(actual: unknown, expected: unknown, path = ''): string[] {
  if (actual === expected) return []
  if (!isRecord(actual) || !isRecord(expected))
    return [`${path}: ${JSON.stringify(actual)} instead of ${JSON.stringify(expected)}`]
  const keys = [...new Set([...Object.keys(actual), ...Object.keys(expected)])]
  return keys.flatMap((key) => differences(actual[key], expected[key], path === '' ? key : `${path} > ${key}`))
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
