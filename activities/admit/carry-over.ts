import type { Outcome } from '../../core/items/outcome.ts'
import { plannedKey, summarize } from '../../core/plan/plan.ts'
import type { Plan } from '../../core/plan/plan.ts'
import { isThrough } from '../../core/request/decide-retry.ts'
import { tallyOf } from '../../core/results/tally.ts'
import type { Tally } from '../../core/results/tally.ts'
import { copyShards, outcomesShard, readPlan, readShard, shards, withShards } from '../frame/journal.ts'
import type { Journal, StoredFacts } from '../frame/journal.ts'
import { carryScaled } from '../finalize/scale-workloads.ts'
import { recreateFolder } from '../existing/recreate-notes.ts'
import { carryHooks } from '../hooks/hook-journal.ts'
import { widerFolder } from '../locks/widen-hold.ts'
import { inPlaceFolder, putBackFolder } from '../volumes/in-place-notes.ts'
import { podVolumesKey } from '../volumes/await-pod-volumes.ts'
import { nativeShardsToKeep } from '../volumes/make-volume.ts'
import { operationsShard, readOperations, statesOf } from '../operations/operation-shards.ts'

/** In place of an attempt: the shards of outcomes and of operations that an earlier run has left. */
const carried = 'carried'

/** How many items the plan has, and how many of them are to be done again or for the first time. */
export interface CarriedOver {
  items: number
  again: number
}

/**
 * Makes the journal of a retry from that of the run before (decision 14): the plan, and what is through. What failed is
 * left out, so for the activities it is as if it had never been reached; so is all that belongs to one run: deadlines,
 * messages of the finalization. Facts are gathered again, except those about the cluster before the restore. The
 * admission is not stored here: it comes last. `renewed` are the policies for objects that exist, in place of those in the
 * plan. Each shard is written once, so this may run again.
 */
export async function carryOver(
  from: Journal,
  to: Journal,
  renewed: Pick<Plan, 'existing'> = {},
): Promise<CarriedOver> {
  const plan = await readPlan(from)
  // A plan without waves tells of trouble with the archive or the selection: it is made again.
  if (plan === undefined || plan.waves.length === 0) return { items: 0, again: 0 }
  const facts = (await from.read<StoredFacts>(shards.facts)) ?? (await from.read<StoredFacts>(shards.factsBefore))
  if (facts !== undefined) await to.writeOnce(shards.factsBefore, facts)
  const groups = await outcomesByGroup(from)
  const tally = tallyOf([...groups.values()].flat())
  const operations = await readOperations(from, tally)
  const ended = operations.filter(({ status }) => status.phase === 'Failed')
  const failed = new Set(ended.map(({ spec }) => spec.operationID))
  const standing = new Set([...tally.values()].filter((one) => isThrough(one, failed)).map(({ key }) => key))
  for (const key of volumesToFill(tally, standing)) standing.delete(key)
  await withShards([...groups], async ([group, outcomes]) => {
    const kept = [...tallyOf(outcomes).values()].filter(({ key }) => standing.has(key))
    if (kept.length > 0) await to.writeOnce(outcomesShard(group, carried, 0), kept)
  })
  const going = operations.filter(({ spec }) => !failed.has(spec.operationID))
  if (going.length > 0) await to.writeOnce(operationsShard(carried), statesOf(going))
  await copyShards(from, to, await from.list('intents/'))
  await copyShards(from, to, await nativeShardsToKeep(from))
  await copyShards(from, to, await from.list(inPlaceFolder))
  await copyShards(from, to, await from.list(putBackFolder))
  await copyShards(from, to, await from.list(recreateFolder))
  await copyShards(from, to, await from.list(widerFolder))
  await carryHooks(from, to)
  await carryScaled(from, to)
  const { existing: _before, ...kept } = plan
  await to.writeOnce<Plan>(shards.plan, { ...kept, ...renewed })
  const { items } = summarize(plan)
  return { items, again: items - throughOf(plan, standing) }
}

/** Outcomes about the volumes of pods that are themselves done again: such a pod may become another one. */
function volumesToFill(tally: Tally, standing: ReadonlySet<string>): string[] {
  return [...tally.values()].flatMap(({ key, object, podVolumes }) =>
    podVolumes === undefined || object === undefined || standing.has(key) ? [] : [podVolumesKey(object)],
  )
}

/** The outcomes of a run by chunk or step, without those of the finalization: its tasks run again. */
async function outcomesByGroup(journal: Journal): Promise<Map<string, Outcome[]>> {
  const groupOf = (name: string) => name.slice('outcomes/'.length, name.lastIndexOf('/'))
  const names = (await journal.list('outcomes/')).filter((name) => !groupOf(name).startsWith('finalize/'))
  const contents = await withShards(names, (name) => readShard<Outcome[]>(journal, name))
  const groups = new Map<string, Outcome[]>()
  for (const [index, name] of names.entries())
    groups.set(groupOf(name), [...(groups.get(groupOf(name)) ?? []), ...(contents[index] ?? [])])
  return groups
}

function throughOf(plan: Plan, standing: ReadonlySet<string>): number {
  const keys = plan.waves.flatMap(({ groupResource, chunks }) =>
    chunks.flatMap(({ items }) => items.map((item) => plannedKey(groupResource, item))),
  )
  return keys.filter((key) => standing.has(key)).length
}
