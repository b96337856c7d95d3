import { looksOurs, markOf } from '../../core/items/field-owners.ts'
import { error, listedKind, listedName, scopeOf } from '../../core/items/outcome.ts'
import type { Outcome } from '../../core/items/outcome.ts'
import { whyObjectStays } from '../../core/items/why-waiting.ts'
import { chunkKey, plannedKey } from '../../core/plan/plan.ts'
import type { Plan } from '../../core/plan/plan.ts'
import { isPreview } from '../../core/preview/verdict.ts'
import { isThrough } from '../../core/request/decide-retry.ts'
import { tallyOf } from '../../core/results/tally.ts'
import { rfc3339 } from '../../velero/manifest.ts'
import type { Manifest } from '../../velero/manifest.ts'
import { formatResourceId } from '../../velero/resource.ts'
import { ifJournalIsThere } from '../finalize/given-up.ts'
import type { GivenUp } from '../finalize/given-up.ts'
import { actingFor } from '../frame/acting-as.ts'
import { outcomesShard, readOutcomes, withShards } from '../frame/journal.ts'
import { readRestore } from '../frame/restore-resource.ts'
import { pauseAfter, waitSince } from '../frame/run-activity.ts'
import type { PlannedSession, WorkerParts } from '../frame/session.ts'
import { makeItemTools } from '../items/item-tools.ts'
import { makePluginTools } from '../items/plugin-tools.ts'
import { restoreItem } from '../items/restore-item.ts'
import { allRecreateNotes } from './recreate-notes.ts'
import type { RecreateNote } from './recreate-notes.ts'

/** How often a cancelled restore looks before its end, once a second; an object that owns nothing is gone by then. */
const looksAtOnce = 5
/** Between two looks after that, longer and longer. */
const lookSeconds = { first: 1, last: 15 } as const

/** A restore that was cancelled or has failed, and whether that is past. */
export interface Finishing extends WorkerParts, GivenUp {
  /** The restore is over: objects that are on their way out are waited for. */
  isLate: boolean
}

/**
 * Creates the items whose objects were deleted for them, where the restore was given up in between: what stood there must not be
 * lost. An object that nobody has deleted stays, and so does one that stands there since. Objects that are still on their way
 * out get an error that says so, and true is returned: they are waited for after the end of the restore, at most for the
 * terminating timeout. Where the journal cannot be read, the log says so.
 */
export async function finishRecreated(given: Finishing): Promise<boolean> {
  const { ref, ports, sessions, attempt } = given
  const undone = 'objects that were to be created anew are not looked after'
  const isLeft = await ifJournalIsThere(ports.log, undone, async () => {
    const { journal, admission } = await sessions.open(ref)
    const notes = isPreview(admission) ? [] : await allRecreateNotes(journal)
    if (notes.length === 0) return false
    const live = await readRestore(ports.cluster, ref)
    const acting = actingFor(ports, given.settings, { admission, live })
    return sessions.withPlan(ref, attempt.signal, (session) => finishAll(notes, session, { ...given, ports: acting }))
  })
  return isLeft ?? false
}

async function finishAll(notes: readonly RecreateNote[], session: PlannedSession, given: Finishing): Promise<boolean> {
  const { ports, attempt, isLate } = given
  let left = await notThrough(notes, session)
  for (let looks = 1; ; looks++) {
    left = (await withShards(left, (going) => finishOne(going, session, given))).flat()
    if (left.length === 0) return false
    if (looks >= looksAtOnce) break
    await ports.clock.sleep(1000, attempt.signal)
  }
  if (isLate) return waitOn(left, session, given)
  await withShards(left, (going) => tellGoing(going, session, given))
  return true
}

/** An object that was to go for its item. */
interface Going {
  note: RecreateNote
  place: Place
  /** As it was seen last, on its way out. */
  live?: Manifest
}

/** Ends the look; false where the time is over for all of them. */
async function waitOn(left: readonly Going[], session: PlannedSession, given: Finishing): Promise<boolean> {
  const { ports, settings, attempt } = given
  const [first] = left
  const since = await withShards(left, ({ note }) =>
    waitSince(session.journal, `recreate/${note.object.uid}`, ports.clock.now()),
  )
  const leftMs = Math.max(...since) + settings.terminatingTimeoutSeconds * 1000 - ports.clock.now().getTime()
  if (first === undefined || leftMs <= 0) return false
  const waitingFor = `${idOf(first.note)} to be gone, since it is to be created anew`
  throw attempt.pause({ waitingFor, afterSeconds: pauseAfter(attempt.number, lookSeconds) })
}

/** Notes about items that have no good end yet: what is through may have been deleted by its user since. */
async function notThrough(notes: readonly RecreateNote[], { plan, journal }: PlannedSession): Promise<Going[]> {
  const places = placesOf(notes, plan)
  const all = notes.map((note): Going => ({ note, place: places.get(note.key) ?? besideThePlan(plan) }))
  const groups = [...new Set(all.map(({ place }) => place.key))]
  const tally = tallyOf((await withShards(groups, (group) => readOutcomes(journal, group))).flat())
  return all.filter(({ note }) => {
    const outcome = tally.get(note.key)
    return outcome === undefined || !isThrough(outcome, new Set())
  })
}

/**
 * One look at one object; its item is created, or what follows its create is done, where the object is gone. Returns the object
 * while it is on its way out.
 */
async function finishOne(going: Going, session: PlannedSession, given: Finishing): Promise<Going[]> {
  const { note } = going
  const live = await given.ports.cluster.get(note.object)
  const isOther = live !== undefined && live.metadata.uid !== note.object.uid
  if (live === undefined || (isOther && isOurs(live, session))) {
    const outcome = await create(going, session, given)
    if (outcome !== undefined) await keep(going, outcome, { session, given })
    return []
  }
  return isOther || live.metadata.deletionTimestamp === undefined ? [] : [{ ...going, live }]
}

/** Its item was created, perhaps without the steps that follow. */
function isOurs(live: Manifest, { admission }: PlannedSession): boolean {
  return looksOurs(live, markOf(admission))
}

/** The results of the restore tell of it. */
async function tellGoing(going: Going, session: PlannedSession, given: Finishing): Promise<void> {
  const { note, live } = going
  if (live === undefined) return
  const { namespace, name } = live.metadata
  const scope = scopeOf(namespace)
  const why = whyObjectStays(live)
  const message = error(scope, `${idOf(note)} was deleted to be created anew, which is done once it is gone${why}`)
  const outcome: Outcome = {
    key: note.key,
    action: 'failed',
    listed: { kind: listedKind(live.apiVersion, live.kind), name: listedName(namespace, name) },
    messages: [message],
    at: rfc3339(given.ports.clock.now()),
  }
  await keep(going, outcome, { session, given })
}

/** The outcome of the item's create; undefined where nothing is to be said. Volumes of a pod are not filled any more. */
async function create({ note, place }: Going, session: PlannedSession, given: Finishing): Promise<Outcome | undefined> {
  const { attempt, ports } = given
  const { wave, key } = place
  const chunk = { session, attempt, input: { wave }, key, follows: true, users: given.settings }
  const plugins = makePluginTools(chunk, ports.plugins)
  const tools = {
    ...makeItemTools(session, attempt, given),
    plugins,
    // What this restore made is known as its own by that; an object of others is not the one of the note, so it stays.
    policyFor: () => 'recreate',
    beginPodVolumes: () => Promise.resolve(),
  }
  const step = await restoreItem(note.groupResource, note.item, tools)
  if ('done' in step) return step.done
  // An object of somebody else: it is not changed any more.
  if ('intent' in step) return undefined
  if (step.trouble.thrown !== undefined) throw step.trouble.thrown
  return step.trouble.outcome
}

async function keep(
  { note, place: { key } }: Going,
  outcome: Outcome,
  { session, given }: { session: PlannedSession; given: Finishing },
): Promise<void> {
  await session.journal.write(outcomesShard(key, `${given.attempt.id}-${note.object.uid}`, 0), [outcome])
}

/** Where the outcome of an item belongs: its wave, and the key of its chunk. */
interface Place {
  wave: number
  key: string
}

/** The chunks of the items that the plan has, by the keys of the items. The plan may be large: it is gone through once. */
function placesOf(notes: readonly RecreateNote[], { waves }: Plan): ReadonlyMap<string, Place> {
  const resources = new Set(notes.map(({ groupResource }) => groupResource))
  const places = new Map<string, Place>()
  for (const [wave, { groupResource, chunks }] of waves.entries()) {
    if (!resources.has(groupResource)) continue
    for (const [chunk, { items }] of chunks.entries())
      for (const item of items) {
        const key = plannedKey(groupResource, item)
        if (!places.has(key)) places.set(key, { wave, key: chunkKey(wave, chunk) })
      }
  }
  return places
}

/** The place of an item that a plugin has asked for and the plan does not have. */
function besideThePlan({ waves }: Plan): Place {
  return { wave: waves.length, key: 'additional/recreated' }
}

function idOf({ groupResource, item }: RecreateNote): string {
  return formatResourceId(groupResource, item.target, item.name)
}
