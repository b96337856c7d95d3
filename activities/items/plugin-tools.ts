import type { PluginAnswer } from '../../core/actions/plugin-action.ts'
import { targetNamespace } from '../../core/filter/namespace-mapping.ts'
import { permitsOf } from '../../core/asked/restore-policy.ts'
import { error, itemKey, scopeOf } from '../../core/items/outcome.ts'
import type { Outcome } from '../../core/items/outcome.ts'
import { chunkKey, plannedKey } from '../../core/plan/plan.ts'
import type { Plan, PlannedItem } from '../../core/plan/plan.ts'
import { tallyOf } from '../../core/results/tally.ts'
import type { Tally } from '../../core/results/tally.ts'
import { ArchiveError } from '../../core/port-errors.ts'
import { parseJson, stringifyJson } from '../../core/values/manifest-json.ts'
import { sha256Hex } from '../../core/values/derived-names.ts'
import type { LocksOfRun } from '../../contract/lock-workflow.ts'
import { targetNamespaces } from '../../core/locks/decide-grants.ts'
import { itemPath, parseGroupResource } from '../../velero/resource.ts'
import type { ItemAddress } from '../../velero/resource.ts'
import { userOf } from '../frame/acting-as.ts'
import { outcomesShard, readOutcomes } from '../frame/journal.ts'
import type { Journal } from '../frame/journal.ts'
import type { Attempt } from '../frame/run-activity.ts'
import type { PlannedSession } from '../frame/session.ts'
import { registerPods } from '../hooks/hook-journal.ts'
import type { Plugins } from '../ports.ts'
import { pluginRestore } from '../operations/plugin-restore.ts'
import { widenHold, widerNamespaces } from '../locks/widen-hold.ts'
import type { NotWider } from '../locks/widen-hold.ts'
import type { Settings } from '../settings.ts'
import { NotYet } from './item-tools.ts'
import type { Brought, ItemTools, PluginTools } from './item-tools.ts'
import { restoreInto } from './restore-item.ts'
import { ensureNamespace } from './target-namespaces.ts'
import { tryItem } from './side-by-side.ts'
import type { SettledStep } from './side-by-side.ts'

/** The chunk in which plugins are asked. */
export interface AskingChunk {
  session: PlannedSession
  attempt: Attempt
  input: { wave: number; refused?: readonly string[]; reset?: LocksOfRun }
  /** Absent where the restore ends: it asks for no further namespace then. */
  settings?: Pick<Settings, 'lockTimeoutSeconds'>
  /** Whose policy says which items may come. */
  users: Pick<Settings, 'actingUser' | 'policy'>
  key: string
  /** Earlier attempts may have settled answers. */
  follows: boolean
}

/** What asking plugins needs, for the items of one chunk; undefined where the plan has no action of a plugin. */
export function makePluginTools(chunk: AskingChunk, host: Plugins | undefined): PluginTools | undefined {
  const { session, follows } = chunk
  const { admission, journal, facts } = session
  if (host === undefined || (facts.plugins ?? []).length === 0) return undefined
  const placeOf = onceCalled(() => placesOf(session.plan))
  const held = onceCalled(() => new Set(targetNamespaces(session.plan)))
  const memory: Memory = { brought: new Map(), tallies: new Map(), wider: new Map() }
  return {
    host,
    restore: pluginRestore(admission),
    chain: [],
    settled: async (key) => (follows ? unpack(await journal.read<StoredAnswer>(answerShard(key))) : undefined),
    settle: async (key, answer) => unpack(await journal.writeOnce(answerShard(key), pack(answer))) ?? answer,
    bring: (wanted, mustInclude, tools) =>
      bring({ ...chunk, memory, wanted, held, place: placeOf().get(itemKey(wanted)) }, mustInclude, tools),
  }
}

/** The item is text in the journal: large numbers keep their digits. */
type StoredAnswer = Omit<PluginAnswer, 'item'> & { item: string }

const answerShard = (key: string) => `answers/${key}`

const pack = (answer: PluginAnswer): StoredAnswer => ({ ...answer, item: stringifyJson(answer.item) })

function unpack(stored: StoredAnswer | undefined): PluginAnswer | undefined {
  return stored === undefined ? undefined : { ...stored, item: parseJson(stored.item) }
}

/** Where an item stands in the plan. */
interface Place {
  wave: number
  chunk: number
  item: PlannedItem
}

function placesOf(plan: Plan): ReadonlyMap<string, Place> {
  const places = new Map<string, Place>()
  for (const [wave, { groupResource, chunks }] of plan.waves.entries())
    for (const [chunk, { items }] of chunks.entries())
      for (const item of items) places.set(plannedKey(groupResource, item), { wave, chunk, item })
  return places
}

function onceCalled<T>(make: () => T): () => T {
  let made: { value: T } | undefined
  return () => (made ??= { value: make() }).value
}

/** What this attempt knows already: many items may want the same one. */
interface Memory {
  /** Items that are through, by their keys. Two that want each other are not waited for. */
  brought: Map<string, Brought>
  /** Outcomes of chunks of earlier waves. */
  tallies: Map<string, Promise<Tally>>
  /** Whether namespaces that the plan does not have may be written into. While one may not, its items wait for the next look. */
  wider: Map<string, Promise<NotWider | undefined>>
}

/** An item that an action of a plugin wants before another one. */
interface Wanted extends AskingChunk {
  memory: Memory
  wanted: ItemAddress
  /** Undefined where it is not in the plan. */
  place: Place | undefined
  /** The namespaces that the plan writes into. */
  held: () => ReadonlySet<string>
}

/**
 * Restores an additional item, unless it is excluded, or is being restored in this chain already. One of an earlier wave has been
 * restored. One of this or a later wave is restored now: its outcome goes to the journal of its own chunk, which finds it there.
 * Two chunks may restore it at once: the second one finds it created, and ours (rule 5).
 */
async function bring(want: Wanted, mustInclude: boolean, tools: ItemTools): Promise<Brought> {
  const { session, memory, wanted, place, input } = want
  if (!(await isInArchive(session, wanted))) return 'missing'
  if (session.rules.decideAdditional(wanted, mustInclude).do !== 'select') return 'left'
  if (tools.plugins?.chain.includes(itemKey(wanted)) === true) return 'left'
  if (place !== undefined && place.wave < input.wave)
    return broughtBy((await earlierTally(want, place)).get(itemKey(wanted)))
  const known = memory.brought.get(itemKey(wanted))
  if (known !== undefined) return known
  const brought = broughtBy(await restoreNow(want, tools))
  memory.brought.set(itemKey(wanted), brought)
  return brought
}

function earlierTally({ session, memory }: Wanted, { wave, chunk }: Place): Promise<Tally> {
  const key = chunkKey(wave, chunk)
  const known = memory.tallies.get(key)
  if (known !== undefined) return known
  const reading = readOutcomes(session.journal, key).then(tallyOf)
  reading.catch(() => memory.tallies.delete(key))
  memory.tallies.set(key, reading)
  return reading
}

function broughtBy(outcome: Outcome | undefined): Brought {
  const stands = outcome?.parked === undefined && ['created', 'updated', 'skipped'].includes(outcome?.action ?? '')
  return stands ? 'stands' : 'left'
}

async function isInArchive(session: PlannedSession, wanted: ItemAddress): Promise<boolean> {
  try {
    await session.readItem(wanted.groupResource, wanted)
    return true
  } catch (thrown) {
    if (thrown instanceof ArchiveError && thrown.kind === 'missing') return false
    throw thrown
  }
}

/** The outcome that is in the journal now; undefined where the item's own chunk is to try again. */
async function restoreNow(want: Wanted, tools: ItemTools): Promise<Outcome | undefined> {
  const { session, attempt, wanted, place, input, key } = want
  const { groupResource, namespace } = wanted
  const target =
    namespace === undefined ? undefined : targetNamespace(session.admission.spec.namespaceMapping, namespace)
  const item: PlannedItem = place?.item ?? {
    ...(namespace === undefined || target === undefined ? {} : { namespace, target }),
    name: wanted.name,
    additional: true,
  }
  const hash = sha256Hex(itemKey(wanted)).slice(0, 40)
  const group = place === undefined ? `additional/${hash}` : chunkKey(place.wave, place.chunk)
  const shardOf = (suffix: string) => `${attempt.id}-${suffix}${hash.slice(0, 16)}`
  const journal = session.journal
  if (place === undefined && target !== undefined) {
    const without = await whyNotInto(target, want, tools)
    if (without !== undefined) {
      const outcome = leftOutcome(wanted, { target, without }, tools)
      await journal.write(outcomesShard(group, shardOf(''), 0), [outcome])
      return outcome
    }
    await ensureUnplanned({ name: namespace ?? target, target }, want, tools)
  }
  const run = { groupResource, session, input, ensured: new Map() }
  const pass = { before: undefined, pass: 0 }
  let step = await tryItem(() => restoreInto(item, run, tools), pass, tools)
  if ('intent' in step) {
    const { intent } = step
    await journal.write(`intents/${group}/${shardOf('')}`, [intent.outcome])
    step = await tryItem(() => intent.apply(), pass, tools)
  }
  const { done, hooks } = step as SettledStep
  if (done.parked !== undefined && place !== undefined) return undefined
  const { parked: _parked, ...outcome } = done
  if (hooks !== undefined)
    await registerPods(journal, { chunk: place === undefined ? key : group, attempt: shardOf(''), part: 0 }, [hooks])
  await journal.write(outcomesShard(group, shardOf(''), 0), [outcome])
  return outcome
}

/**
 * Makes sure that the policy permits an item that is not in the plan, and that no other restore writes into its namespace (rule 9).
 * Throws `NotYet` while one does; returns why the item has to be left.
 */
async function whyNotInto(target: string, want: Wanted, tools: ItemTools): Promise<string | undefined> {
  const { memory, held, session, users, wanted } = want
  const permits = permitsOf(users.policy, userOf(session.admission, users))
  const object = { ...parseGroupResource(wanted.groupResource), namespace: target, from: wanted.namespace }
  if (permits?.(object) === false) return "the worker's policy does not let this restore have it"
  if (held().has(target) || held().has('*')) return undefined
  const asking = memory.wider.get(target) ?? askFor(target, want, tools)
  memory.wider.set(target, asking)
  asking.catch(() => memory.wider.delete(target))
  const answer = await asking
  if (answer === undefined) return undefined
  if ('waitingFor' in answer) throw new NotYet(`${answer.waitingFor}, since a plugin wants an item there`)
  return answer.without
}

async function askFor(
  target: string,
  { session, attempt, input, settings }: Wanted,
  { clock }: ItemTools,
): Promise<NotWider | undefined> {
  const { journal, ref } = session
  if (settings !== undefined) {
    const { lockTimeoutSeconds } = settings
    return widenHold(target, { ref, run: input.reset?.run, journal, attempt, clock, lockTimeoutSeconds })
  }
  const isHeld = (await widerNamespaces(journal)).includes(target)
  return isHeld ? undefined : { without: `the restore ends, and does not ask for namespace ${target} any more` }
}

function leftOutcome(
  wanted: ItemAddress,
  { target, without }: { target: string; without: string },
  tools: ItemTools,
): Outcome {
  const path = itemPath(wanted.groupResource, wanted)
  const message = error(scopeOf(target), `${path} is wanted by an action of a plugin and is not restored: ${without}`)
  return { key: itemKey(wanted), messages: [message], because: without, at: tools.now() }
}

/** Makes sure of the namespace of an item that is not in the plan: the plan may not have it. */
async function ensureUnplanned(
  namespace: PlannedItem & { target: string },
  want: Wanted,
  tools: ItemTools,
): Promise<void> {
  const { session, attempt } = want
  const waves = session.plan.waves.filter(({ groupResource }) => groupResource === 'namespaces')
  const planned = waves.flatMap(({ chunks }) => chunks.flatMap(({ items }) => items))
  if (planned.some(({ target }) => target === namespace.target)) return
  const step = await ensureNamespace(namespace, tools)
  const hash = sha256Hex(namespace.target).slice(0, 16)
  if ('done' in step)
    await keep(session.journal, outcomesShard('additional/namespaces', `${attempt.id}-${hash}`, 0), step.done)
}

const keep = (journal: Journal, shard: string, outcome: Outcome) => journal.write(shard, [outcome])
