import { parseItemKey, itemKey, scopeOf, warning } from '../../core/items/outcome.ts'
import type { BackedUpOwner, Message } from '../../core/items/outcome.ts'
import { decideLinks, expectedOwner, goneOwners, whyNoOwner } from '../../core/owners/link-owners.ts'
import type { FoundOwner } from '../../core/owners/link-owners.ts'
import { isConflict, refusalOf } from '../../core/port-errors.ts'
import { fieldManagerOf, ownersAnnotation } from '../../velero/labels.ts'
import type { Manifest } from '../../velero/manifest.ts'
import { formatGroupResource, parseApiVersion } from '../../velero/resource.ts'
import type { DiscoveredResource } from '../ports.ts'
import { inFlight } from '../frame/in-flight.ts'
import { idOf } from './finalize-facts.ts'
import type { RestoredOutcome } from './finalize-facts.ts'
import type { FinalizeContext, FinalizeFinding, FinalizeTask } from './task.ts'

/** An hour: each object with an owner is read, and patched where it has lost it. */
const deadlineSeconds = 3600
const objectsInFlightMax = 32
/** The deadline is looked at after so many objects. */
const sliceSize = 200
/** So many owners that are not linked are named; more are counted. */
const namedMax = 20
/** How often a patch is decided again because another writer came in between. */
const conflictsMax = 5

/**
 * Links the objects that this restore created to their owners again, under the uids that these have now. Velero drops all
 * owner references, for the uids of the backup mean nothing in this cluster.
 */
export const relinkOwners: FinalizeTask = {
  name: 'relink-owners',
  title: 'link objects to their owners again',
  work: 'lostOwners',
  deadlineSeconds: () => deadlineSeconds,
  isWanted: ({ admission }) => admission.restore.annotations?.[ownersAnnotation] === 'relink',
  run: relinkAll,
}

/** An object that had owners in the backup. */
type Child = RestoredOutcome & { owners: readonly BackedUpOwner[] }

/** An owner that an object does not get. */
interface Unlinked {
  child: Child
  owner: BackedUpOwner
  because: string
}

async function relinkAll(context: FinalizeContext): Promise<FinalizeFinding> {
  const children = context.facts.restored.marked.filter(
    (one): one is Child => one.action === 'created' && one.owners !== undefined,
  )
  children.sort((a, b) => (a.key < b.key ? -1 : 1))
  const kinds = await context.ports.cluster.discover()
  const unlinked: Unlinked[] = []
  let done = 0
  const look = createLook(context, kinds)
  while (done < children.length && !context.isOver()) {
    const slice = children.slice(done, done + sliceSize)
    const found = await inFlight(slice, objectsInFlightMax, (child) => relink(child, look, context))
    unlinked.push(...found.flat())
    done += slice.length
    context.attempt.done(done)
  }
  return { messages: [...messagesOf(unlinked), ...outOfTime(children.length - done)] }
}

function messagesOf(unlinked: readonly Unlinked[]): Message[] {
  const named = unlinked.slice(0, namedMax).map(({ child, owner, because }) => {
    const text = `${idOf(child)} is not linked to its owner ${owner.kind} ${owner.name}, which ${because}`
    return warning(scopeOf(child.object.namespace), text)
  })
  const more = unlinked.length - namedMax
  return more > 0 ? [...named, warning('velero', `${more} more objects are not linked to their owners`)] : named
}

function outOfTime(left: number): Message[] {
  return left === 0
    ? []
    : [warning('velero', `${left} objects are not linked to their owners: the time for it is over`)]
}

/**
 * Links one object, and returns the owners that it does not get. Its owners are read anew before each patch, and once more after
 * it: the reference to one that is gone by then is taken away again, before the garbage collector removes the object for it. One
 * that somebody else has taken away by then, such as a webhook, is not set again: that would have no end.
 */
async function relink(child: Child, look: Look, context: FinalizeContext): Promise<Unlinked[]> {
  const { cluster } = context.ports
  const linked = new Set<string>()
  for (let conflicts = 0; ;) {
    context.attempt.throwIfStopped()
    const owners = await Promise.all(child.owners.map(async (owner) => ({ owner, ...(await look(child, owner)) })))
    const missing = owners.flatMap(({ owner, because }) => (because === undefined ? [] : [{ child, owner, because }]))
    const found = owners.flatMap(({ owner, live, because }): FoundOwner[] =>
      live === undefined || because !== undefined ? [] : [{ owner, live }],
    )
    const gone = goneOwners(owners, linked)
    if (found.length === 0 && gone.length === 0) return missing
    try {
      const { uid } = child.object
      const { patch, problems } = decideLinks({ live: await cluster.get(child.object), uid, gone, linked }, found)
      if (patch === undefined) return [...missing, ...problems.map((problem) => ({ child, ...problem }))]
      const fieldManager = fieldManagerOf(context.session.ref.uid)
      await cluster.patch(child.object, patch, { fieldManager, answer: 'identity' })
      const set = found.filter(({ owner }) => !problems.some((problem) => problem.owner === owner))
      for (const { live } of set) linked.add(live.metadata.uid ?? '')
    } catch (thrown) {
      const refusal = refusalOf(thrown)
      if (isConflict(refusal) && ++conflicts < conflictsMax) continue
      const because = `the cluster does not let it have: ${refusal.message}`
      return [...missing, ...found.map(({ owner }) => ({ child, owner, because }))]
    }
  }
}

/** An owner of an object as it stands now, which one it has to be, and why it is none. */
interface Seen {
  live: Manifest | undefined
  expected: { uid?: string }
  because?: string
}

type Look = (child: Child, owner: BackedUpOwner) => Promise<Seen>

/** Looks an owner up as it stands now. What is known from an earlier look may be gone. */
function createLook({ facts, ports }: FinalizeContext, kinds: readonly DiscoveredResource[]): Look {
  const none = (because: string): Seen => ({ live: undefined, expected: {}, because })
  return async (child, owner) => {
    const kind = kindOf(owner, kinds)
    if (kind === undefined) return none(`is of a kind that the cluster does not serve (${owner.apiVersion})`)
    const { namespace: place } = child.object
    if (kind.namespaced && place === undefined) return none('is in a namespace, and it is not')
    const { namespace } = parseItemKey(child.key) ?? {}
    const address = {
      groupResource: formatGroupResource(kind.resource, kind.group),
      ...(kind.namespaced && namespace !== undefined ? { namespace } : {}),
      name: owner.name,
    }
    const expected = expectedOwner(owner, facts.tally.get(itemKey(address)))
    if ('problem' in expected) return none(expected.problem)
    const { group, version, resource } = kind
    const at = { group, version, resource, ...(kind.namespaced && place !== undefined ? { namespace: place } : {}) }
    const live = await ports.cluster.get({ ...at, name: expected.name })
    const because = whyNoOwner(live, expected)
    return { live, expected, ...(because === undefined ? {} : { because }) }
  }
}

/** The resource of an owner: at the version that the backup names, or at the one that the cluster prefers. */
function kindOf(
  { apiVersion, kind }: BackedUpOwner,
  kinds: readonly DiscoveredResource[],
): DiscoveredResource | undefined {
  const { group, version } = parseApiVersion(apiVersion)
  const ofKind = kinds.filter((one) => one.group === group && one.kind === kind)
  return ofKind.find((one) => one.version === version) ?? ofKind.find(({ preferred }) => preferred)
}
