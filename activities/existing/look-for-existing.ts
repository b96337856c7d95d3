import type { AdmittedRef } from '../../contract/restore-workflow.ts'
import { existingPolicyFor, whatExists } from '../../core/asked/existing.ts'
import { looksOurs, markOf } from '../../core/items/field-owners.ts'
import { parseItem, skipReason } from '../../core/items/item-manifest.ts'
import { plannedKey } from '../../core/plan/plan.ts'
import type { PlannedItem } from '../../core/plan/plan.ts'
import { isThrough } from '../../core/request/decide-retry.ts'
import { tallyInSteps } from '../../core/results/tally.ts'
import type { Manifest } from '../../velero/manifest.ts'
import { rfc3339 } from '../../velero/manifest.ts'
import { formatResourceId } from '../../velero/resource.ts'
import type { GroupResource, ResourceRef } from '../../velero/resource.ts'
import { fatal } from '../frame/failures.ts'
import { inSlices } from '../frame/in-slices.ts'
import { readOutcomes, withShards } from '../frame/journal.ts'
import { listIfServed, oneVersionEach } from '../frame/served-kinds.ts'
import { assertUnderway, runActivity } from '../frame/run-activity.ts'
import type { PlannedSession, WorkerParts } from '../frame/session.ts'
import type { Cluster } from '../ports.ts'

/** Settled once nothing was found: from then on this run may have written any item. */
const lookedShard = 'existing/looked'

/** So many objects of one resource and namespace are asked for one by one; of more all are listed, by their metadata alone. */
const askedSingly = 8

/** Where to look. */
export interface LookForExistingInput {
  ref: AdmittedRef
  /** This run was reset: the restore may be over. */
  follows?: true
}

/**
 * Looks, before the first write of a run, for objects that must not exist (policy `fail` of `drydock.io/existing`), and ends the
 * restore where there is one. What this restore made in an earlier run is no obstacle, and neither is what it would not write,
 * such as a pod that has completed. Where the look was through, a later attempt or workflow run looks no more.
 */
export function lookForExisting({ ports, sessions }: WorkerParts) {
  return ({ ref, follows }: LookForExistingInput): Promise<void> =>
    runActivity(ports.presence, { doing: 'looking for objects that must not exist' }, async (attempt) => {
      await assertUnderway(ports.cluster, ref, { isReset: follows === true })
      await sessions.withPlan(ref, attempt.signal, async (session) => {
        if ((await session.journal.read(lookedShard)) !== undefined) return
        const found = await findExisting(session, ports.cluster)
        if (found.length > 0)
          throw fatal(`${whatExists(found)} and must not (annotation drydock.io/existing); nothing was restored`)
        await session.journal.writeOnce(lookedShard, { at: rfc3339(ports.clock.now()) })
      })
    })
}

/** Items of one resource that go into one namespace. */
interface Place {
  resource: ResourceRef
  groupResource: GroupResource
  target: string | undefined
  items: PlannedItem[]
}

/** The ids of the objects that must not exist and do, sorted. */
async function findExisting(session: PlannedSession, cluster: Cluster): Promise<string[]> {
  const places = await placesToLook(session, cluster)
  const mark = markOf(session.admission)
  const found = await withShards(places, async (place) => {
    const standing = await readStanding(place, cluster)
    const met = place.items.filter(({ name }) => {
      const live = standing.get(name)
      return live !== undefined && !looksOurs(live, mark)
    })
    const written = await withShards(met, async (item) => ((await isWritten(item, place, session)) ? [item] : []))
    return written.flat().map(({ name }) => formatResourceId(place.groupResource, place.target, name))
  })
  return found.flat().sort()
}

async function placesToLook(session: PlannedSession, cluster: Cluster): Promise<Place[]> {
  const { plan, journal, admission } = session
  const served = oneVersionEach(await cluster.discover())
  const tally = await inSlices(tallyInSteps(admission.retry === undefined ? [] : await readOutcomes(journal, '')))
  const policies = { rules: plan.existing ?? [], fallback: undefined, home: admission.restore.namespace }
  const places = new Map<string, Place>()
  for (const { groupResource, chunks } of plan.waves) {
    const kind = served.get(groupResource)
    if (kind === undefined || groupResource === 'namespaces') continue
    const { group, version, resource } = kind
    const isMade = (item: PlannedItem) => {
      const outcome = tally.get(plannedKey(groupResource, item))
      return outcome !== undefined && isThrough(outcome, new Set())
    }
    for (const item of chunks.flatMap(({ items }) => items)) {
      const { name, target } = item
      const policy = existingPolicyFor({ groupResource, name, target }, policies)
      if (policy !== 'fail' || item.twinOf !== undefined || isMade(item)) continue
      if (groupResource === 'persistentvolumes' && plan.provisioned.includes(name)) continue
      const key = `${groupResource}|${target ?? ''}`
      const place = places.get(key) ?? { resource: { group, version, resource }, groupResource, target, items: [] }
      place.items.push(item)
      places.set(key, place)
    }
  }
  return [...places.values()]
}

/** What stands there, by name. */
async function readStanding({ resource, target, items }: Place, cluster: Cluster): Promise<Map<string, Manifest>> {
  const inside = target === undefined ? {} : { namespace: target }
  const standing =
    items.length <= askedSingly
      ? await Promise.all(items.map(({ name }) => cluster.get({ ...resource, ...inside, name })))
      : await listIfServed(cluster, resource, { ...inside, metadataOnly: true })
  return new Map(standing.flatMap((one) => (one === undefined ? [] : [[one.metadata.name, one]])))
}

/** Whether the restore would write an item; one that cannot be read is an error of its own later. */
async function isWritten(item: PlannedItem, { groupResource }: Place, session: PlannedSession): Promise<boolean> {
  const { namespace, name } = item
  const address = { groupResource, ...(namespace === undefined ? {} : { namespace }), name }
  const parsed = parseItem(await session.readItem(groupResource, item), address)
  return !('problem' in parsed) && skipReason(parsed.manifest, groupResource) === undefined
}
