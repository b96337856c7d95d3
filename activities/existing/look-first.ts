import { ApiError } from '../../core/port-errors.ts'
import type { Plan, PlannedItem } from '../../core/plan/plan.ts'
import type { Manifest } from '../../velero/manifest.ts'
import type { GroupResource, ObjectRef } from '../../velero/resource.ts'
import type { Ports } from '../ports.ts'

/**
 * Tells what stands where items go, once a create of such an item in that namespace was refused because of an object there. A refused
 * create costs API server and etcd twice what a read does, and a list a twentieth of a read for each object.
 */
export interface FirstLook {
  /**
   * The object at the place of an item; undefined where a create has to tell. It may be some seconds old: a patch of it is conditional,
   * and an object that came later is found by the create.
   */
  at(groupResource: GroupResource, place: ObjectRef): Promise<Manifest | undefined>
  /** The create of an item was refused because of an object at its place. */
  foundTaken(groupResource: GroupResource, place: ObjectRef): void
}

/** The items that are restored together. */
export interface Together {
  groupResource: GroupResource
  items: readonly PlannedItem[]
}

/** For fewer items in a namespace each object is read. */
const listedItemsMin = 20
/** A collection that has more objects than so many times the items that go there is not listed: each object is read. */
const objectsPerItemMax = 10

/** A list is used for so long after it was read. While it is read all items wait for it, so a slow API server gets one at a time. */
const listAgeMaxMs = 5_000
/** A list whose pages take longer than this is left, and each object is read. The page that is under way has a deadline of its own. */
const listMaxMs = 15_000

type Listed = Map<string, Manifest> | undefined

interface ListInUse {
  listed: Promise<Listed>
  /** Until when it is used, in milliseconds; undefined while it is read. Where a bound or a missing right keeps from a list, none is tried again. */
  until?: number
}

/** With what a first look works. */
export interface LookParts extends Pick<Ports, 'cluster' | 'clock'> {
  /** Once it aborts, no further page of a list is read. */
  signal: AbortSignal
}

/** Where a read finds nothing, creates come first again until one is refused. */
export function firstLook(plan: Plan, { cluster, clock, signal }: LookParts, together?: Together): FirstLook {
  const nowMs = () => clock.now().getTime()
  const taken = takenOf(plan)
  const lists = new Map<string, ListInUse>()
  const list = async (
    groupResource: GroupResource,
    { namespace, name: _name, ...resource }: ObjectRef,
  ): Promise<Listed> => {
    const items = groupResource === together?.groupResource ? together.items : []
    const names = new Set(items.filter(({ target }) => target === namespace).map(({ name }) => name))
    if (names.size < listedItemsMin) return undefined
    const until = nowMs() + listMaxMs
    const isOver = () => signal.aborted || nowMs() > until
    const bounds = { names, objectsMax: names.size * objectsPerItemMax, isOver }
    const listed = await cluster.listNamed(resource, namespace, bounds)
    return listed && new Map(listed.map((live) => [live.metadata.name, live]))
  }
  const listNow = (groupResource: GroupResource, place: ObjectRef): Promise<Listed> => {
    const key = keyOf(groupResource, place)
    const known = lists.get(key)
    if (known !== undefined && (known.until === undefined || nowMs() < known.until)) return known.listed
    const read = async () => {
      const keepFor = (ms: number) => void (begun.until = nowMs() + ms)
      try {
        const listed = await list(groupResource, place)
        keepFor(listed === undefined ? Infinity : listAgeMaxMs)
        return listed
      } catch (thrown) {
        keepFor(thrown instanceof ApiError && thrown.code === 403 ? Infinity : listAgeMaxMs)
        return undefinedWhereRefused(thrown)
      }
    }
    const begun: ListInUse = { listed: read() }
    lists.set(key, begun)
    return begun.listed
  }
  return {
    async at(groupResource, place) {
      const key = keyOf(groupResource, place)
      if (!taken.has(key)) return undefined
      const listed = await listNow(groupResource, place)
      if (listed !== undefined) {
        const live = listed.get(place.name)
        // It is looked at once: the next try of the item has to see what is there then.
        listed.delete(place.name)
        return live
      }
      const live = await cluster.get(place).catch(undefinedWhereRefused)
      if (live === undefined) taken.delete(key)
      return live
    },
    foundTaken: (groupResource, place) => void taken.add(keyOf(groupResource, place)),
  }
}

function keyOf(groupResource: GroupResource, { namespace }: ObjectRef): string {
  return `${groupResource}/${namespace ?? ''}`
}

/** A read that fails ends no item: the create that follows meets the same trouble, and its error is told. */
function undefinedWhereRefused(thrown: unknown): undefined {
  if (!(thrown instanceof ApiError)) throw thrown
}

/** What one chunk finds is known to all chunks of a restore on this worker. */
function takenOf(plan: Plan): Set<string> {
  const known = takenPlaces.get(plan) ?? new Set()
  takenPlaces.set(plan, known)
  return known
}

const takenPlaces = new WeakMap<Plan, Set<string>>()
