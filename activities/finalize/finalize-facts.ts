import { LRUCache } from 'lru-cache'
import { parseItemKey } from '../../core/items/outcome.ts'
import type { Outcome } from '../../core/items/outcome.ts'
import type { PackedTally } from '../../core/results/packed-tally.ts'
import type { Tally } from '../../core/results/tally.ts'
import { forEachInSteps } from '../../core/values/slices.ts'
import type { RestoreOperation } from '../../velero/item-operation.ts'
import { formatGroupResource, formatResourceId } from '../../velero/resource.ts'
import type { GroupResource } from '../../velero/resource.ts'
import type { BackupVolumeInfo } from '../../velero/volume-info.ts'
import { inSlices } from '../frame/in-slices.ts'
import { readTally } from '../frame/read-tally.ts'
import { readOperations } from '../operations/operation-shards.ts'
import type { Session } from '../frame/session.ts'
import { shards } from '../frame/journal.ts'
import type { StoredFacts } from '../frame/journal.ts'

/** What finalization tasks know of the restore. */
export interface FinalizeFacts {
  /** Every outcome by its key, those of items that were skipped or failed too. */
  tally: Tally
  restored: RestoredObjects
  /** What the backup says of its volumes. */
  volumes: readonly BackupVolumeInfo[]
  /** Asynchronous operations with their last state. */
  operations: readonly RestoreOperation[]
}

/** Outcomes of the objects that this restore created or updated. */
export interface RestoredObjects {
  /** The one of an id in the target cluster: `pods/shop/web-1`. */
  get(id: string): RestoredOutcome | undefined
  /** Those that were made without their owners, or without replicas. */
  marked: readonly RestoredOutcome[]
  /** All of them, each made anew: together those of a large restore take much memory. A million take seconds: pause in between. */
  values(): Iterable<RestoredOutcome>
}

/** An outcome with its object. A task may change only these objects (rule 9). */
export type RestoredOutcome = Outcome & { object: NonNullable<Outcome['object']> }

const restoresMax = 16

/** Reads the facts of a restore from the journal, once per worker and run of the workflow. */
export function createFactsCache(): (session: Session, runId: string) => Promise<FinalizeFacts> {
  const gathered = new LRUCache<string, Promise<FinalizeFacts>>({ max: restoresMax, ttl: 15 * 60_000 })
  return (session, runId) => {
    const key = `${session.ref.uid}/${runId}`
    const known = gathered.get(key)
    if (known !== undefined) return known
    const made = gatherFinalizeFacts(session)
    gathered.set(key, made)
    made.catch(() => gathered.delete(key))
    return made
  }
}

async function gatherFinalizeFacts({ journal }: Session): Promise<FinalizeFacts> {
  const [tally, facts] = await Promise.all([readTally(journal), journal.read<StoredFacts>(shards.facts)])
  return {
    tally,
    restored: await restoredIn(tally),
    volumes: Object.values(facts?.volumes.infos ?? {}),
    operations: await readOperations(journal, tally),
  }
}

async function restoredIn(tally: PackedTally): Promise<RestoredObjects> {
  const rows = new Map<string, number>()
  const marked = new Map<string, RestoredOutcome>()
  const note = (outcome: Outcome, row: number) => {
    if (!isRestored(outcome)) return
    const id = idOf(outcome)
    rows.set(id, row)
    // Of two outcomes of one object the later one counts.
    if (outcome.atZero !== undefined || outcome.owners !== undefined) marked.set(id, outcome)
    else marked.delete(id)
  }
  await inSlices(forEachInSteps(tally.values(), note))
  const at = (place: number | undefined): RestoredOutcome | undefined => {
    const outcome = place === undefined ? undefined : tally.at(place)
    return outcome !== undefined && isRestored(outcome) ? outcome : undefined
  }
  return {
    get: (id) => at(rows.get(id)),
    marked: [...marked.values()],
    *values() {
      for (const place of rows.values()) {
        const outcome = at(place)
        if (outcome !== undefined) yield outcome
      }
    },
  }
}

/** Whether this restore created or updated the object of an outcome. */
export function isRestored(outcome: Outcome): outcome is RestoredOutcome {
  const wrote = outcome.action === 'created' || outcome.action === 'updated'
  return wrote && outcome.object !== undefined && parseItemKey(outcome.key) !== undefined
}

/** The resource of a restored object. */
export function groupResourceOf({ object }: RestoredOutcome): GroupResource {
  return formatGroupResource(object.resource, object.group)
}

/** The id of a restored object. */
export function idOf(outcome: RestoredOutcome): string {
  return formatResourceId(groupResourceOf(outcome), outcome.object.namespace, outcome.object.name)
}
