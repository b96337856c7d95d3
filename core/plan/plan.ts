import type { GroupResource } from '../../velero/resource.ts'
import { itemKey } from '../items/outcome.ts'
import type { Outcome } from '../items/outcome.ts'
import type { LeaveReason } from './select-items.ts'

/**
 * What a restore will do, in order: a value that can be stored, printed and compared. It holds addresses and no
 * manifest. Waves follow one another; the chunks of a wave may run side by side, and so may the items of a chunk.
 */
export interface Plan {
  /** ETag of the tarball that the plan was made from; no other one will do (rule 10). */
  etag: string
  waves: readonly Wave[]
  /** PersistentVolumes that are left out so that their claims get new ones. */
  provisioned: readonly string[]
  /** How many items of the backup were not selected, by the reason; reasons that hold for none are absent. */
  leftOut?: Partial<Record<LeaveReason, number>>
  /** Messages that belong to no item: what was missing or could not be read while planning. */
  notes: readonly Outcome[]
}

/** Items of one resource at one place in the order. */
export interface Wave {
  groupResource: GroupResource
  chunks: readonly Chunk[]
}

/** A run of items that one activity restores. */
export interface Chunk {
  items: readonly PlannedItem[]
}

/** One item: in exactly one chunk of the plan. */
export interface PlannedItem {
  /** The namespace in the backup; absent for cluster-scoped items. */
  namespace?: string
  name: string
  /** The namespace to restore into; for an item of the wave of namespaces, the namespace to ensure. */
  target?: string
  /** The version folder to read it from, where API group versions are chosen. */
  version?: string
  /** Someone's additional item rather than selected itself. */
  additional?: true
}

/** All that the workflow keeps of a plan. */
export interface PlanSummary {
  items: number
  waves: readonly WaveSummary[]
}

/** Counts of one wave. */
export interface WaveSummary {
  groupResource: GroupResource
  items: number
  /** Items of each chunk. */
  chunks: readonly number[]
}

/** The counts of a plan. */
export function summarize(plan: Plan): PlanSummary {
  const waves = plan.waves.map((wave) => {
    const chunks = wave.chunks.map((chunk) => chunk.items.length)
    return { groupResource: wave.groupResource, items: sum(chunks), chunks }
  })
  return { items: sum(waves.map((wave) => wave.items)), waves }
}

/** The key of a chunk in journal, history and logs: derived from its place, so it needs no storing. */
export function chunkKey(wave: number, chunk: number): string {
  return `wave-${pad(wave, 3)}/chunk-${pad(chunk, 5)}`
}

function pad(value: number, digits: number): string {
  return String(value).padStart(digits, '0')
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

/** The key of a planned item's outcome. A namespace that is mapped has both names in it: several may go into one. */
export function plannedKey(groupResource: GroupResource, item: PlannedItem): string {
  const { namespace, target } = item
  const mapped = groupResource === 'namespaces' && target !== undefined && target !== item.name
  const name = mapped ? `${item.name}>${target}` : item.name
  return itemKey({ groupResource, ...(namespace === undefined ? {} : { namespace }), name })
}
