import type { GroupResource } from '../../velero/resource.ts'
import type { ExistingRule } from '../asked/existing.ts'
import { itemKey } from '../items/outcome.ts'
import type { Outcome } from '../items/outcome.ts'
import type { LeaveReason } from './select-items.ts'

/**
 * What a restore will do, as a value that can be stored, printed and compared. It contains names of items but no
 * manifests. Waves run one after the other. The chunks of a wave may run at the same time, and so may the items of a
 * chunk.
 */
export interface Plan {
  /** The ETag of the tarball from which the plan was made. The restore reads no other tarball (rule 10). */
  etag: string
  waves: readonly Wave[]
  /** PersistentVolumes that are not restored because their claims get new volumes. */
  provisioned: readonly string[]
  /** How many items of the backup were not selected, by the reason. Reasons without items are absent. */
  leftOut?: Partial<Record<LeaveReason, number>>
  /** Messages about items that were missing or unreadable while the plan was made. */
  notes: readonly Outcome[]
  /** The policies for objects that exist, with full names of resources; absent where the annotation is. */
  existing?: readonly ExistingRule[]
}

/** Items of one resource that are restored at the same time. */
export interface Wave {
  groupResource: GroupResource
  chunks: readonly Chunk[]
}

/** Items that one activity restores. */
export interface Chunk {
  items: readonly PlannedItem[]
}

/** An item of the plan; it is in exactly one chunk. */
export interface PlannedItem {
  /** The namespace in the backup; absent for cluster-scoped items. */
  namespace?: string
  name: string
  /** The target namespace. For an item of the wave of namespaces: the namespace that must exist. */
  target?: string
  /** The version folder of the archive from which it is read, if API group versions are chosen. */
  version?: string
  /** It was not selected, but is an additional item of another one. */
  additional?: true
  /**
   * For an item of the wave of namespaces: how many selected namespaces of the backup are mapped into it, and so how often
   * Velero tells that it is refused. Absent for one.
   */
  sources?: number
  /**
   * Namespaces are mapped into one, and an item of this namespace of the backup is restored where this one should go:
   * nothing is done for this one.
   */
  twinOf?: string
}

/** The part of a plan that the workflow knows: numbers only. */
export interface PlanSummary {
  items: number
  waves: readonly WaveSummary[]
  /** Before the first write objects are looked for that must not exist; absent where there are none. */
  mustNotExist?: true
  /** Chunks that are restored side by side, over all workers; absent in histories of earlier versions. */
  lanes?: number
}

/** The numbers of one wave. */
export interface WaveSummary {
  groupResource: GroupResource
  items: number
  /** How many items each chunk has. */
  chunks: readonly number[]
}

/** The numbers of a plan. */
export function summarize(plan: Plan): PlanSummary {
  const waves = plan.waves.map((wave) => {
    const chunks = wave.chunks.map((chunk) => chunk.items.length)
    return { groupResource: wave.groupResource, items: sum(chunks), chunks }
  })
  const mustNotExist = plan.existing?.some(({ policy }) => policy === 'fail') === true
  return { items: sum(waves.map((wave) => wave.items)), waves, ...(mustNotExist && { mustNotExist }) }
}

/** The key of a chunk in journal, history and logs, derived from its place in the plan. */
export function chunkKey(wave: number, chunk: number): string {
  return `wave-${pad(wave, 3)}/chunk-${pad(chunk, 5)}`
}

/** The inverse of {@link chunkKey}. Throws for any other text. */
export function parseChunkKey(key: string): { wave: number; chunk: number } {
  const [, wave, chunk] = /^wave-(\d+)\/chunk-(\d+)$/.exec(key) ?? []
  if (wave === undefined || chunk === undefined) throw new Error(`not the key of a chunk: ${key}`)
  return { wave: Number(wave), chunk: Number(chunk) }
}

function pad(value: number, digits: number): string {
  return String(value).padStart(digits, '0')
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}

/** The key of a planned item's outcome. For a mapped namespace it has both names: several may be mapped to one. */
export function plannedKey(groupResource: GroupResource, item: PlannedItem): string {
  const { namespace, target } = item
  const mapped = groupResource === 'namespaces' && target !== undefined && target !== item.name
  const name = mapped ? `${item.name}>${target}` : item.name
  return itemKey({ groupResource, ...(namespace === undefined ? {} : { namespace }), name })
}
