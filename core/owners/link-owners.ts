import type { Manifest, OwnerReference } from '../../velero/manifest.ts'
import type { BackedUpOwner, Outcome } from '../items/outcome.ts'
import { objectsAt } from '../values/fields.ts'

/** So many owners of one object are linked again; hardly any object has two. */
const ownersMax = 16

/** The owners that an object had in the backup. Their uids are left out: they mean nothing in this cluster. */
export function ownersInBackup(item: Manifest): BackedUpOwner[] {
  return objectsAt(item, 'metadata', 'ownerReferences')
    .flatMap(({ apiVersion, kind, name, controller, blockOwnerDeletion }) => {
      if (typeof apiVersion !== 'string' || typeof kind !== 'string' || typeof name !== 'string') return []
      const flags = {
        ...(controller === true ? { controller } : {}),
        ...(blockOwnerDeletion === true ? { blockOwnerDeletion } : {}),
      }
      return [{ apiVersion, kind, name, ...flags }]
    })
    .slice(0, ownersMax)
}

/** Which object an owner has to be: one with this name, and with this uid where this restore wrote it; or why there is none. */
export type ExpectedOwner = { name: string; uid?: string } | { problem: string }

/**
 * Decides by its outcome whether an item of the backup may become the owner of others again: this restore created or updated
 * it, or found it equal. Any other object of its name is somebody else's.
 */
export function expectedOwner(owner: BackedUpOwner, outcome: Outcome | undefined): ExpectedOwner {
  if (outcome === undefined) return { problem: 'is not part of this restore' }
  const { action, object, messages, because } = outcome
  if ((action === 'created' || action === 'updated') && object !== undefined)
    return { name: object.name, uid: object.uid }
  const isEqual = action === 'skipped' && messages.length === 0 && because === undefined
  return isEqual ? { name: owner.name } : { problem: 'was not restored' }
}

/**
 * Why an owner that was looked up may not get dependents; undefined where it may. The garbage collector removes a dependent
 * whose owners are gone: an owner that is not certain is worse than none.
 */
export function whyNoOwner(live: Manifest | undefined, expected: { uid?: string }): string | undefined {
  if (live?.metadata.uid === undefined) return 'is gone'
  if (expected.uid !== undefined && live.metadata.uid !== expected.uid)
    return 'is another object than the one that was restored'
  return live.metadata.deletionTimestamp === undefined ? undefined : 'is being deleted'
}

/**
 * The uids of owners that an object must not have: what the restore wrote under them, or what the object was linked to, is not
 * there any more.
 */
export function goneOwners(
  seen: readonly { live: Manifest | undefined; expected: { uid?: string } }[],
  linked: Iterable<string>,
): string[] {
  const standing = new Set(seen.map(({ live }) => live?.metadata.uid))
  const named = seen.flatMap(({ expected: { uid } }) => (uid === undefined ? [] : [uid]))
  return [...new Set([...named, ...linked])].filter((uid) => !standing.has(uid))
}

/** An owner as the backup names it, and the object that it is now. */
export interface FoundOwner {
  owner: BackedUpOwner
  live: Manifest
}

/** An object that had owners, as it stands now. */
export interface LinkFacts {
  live: Manifest | undefined
  /** The uid of the object that was restored. */
  uid: string
  /** Owners that are gone, by uid. */
  gone?: readonly string[]
  /** Owners that it was linked to a moment ago, by uid. */
  linked?: ReadonlySet<string>
}

/** What to do for an object that had owners. */
export interface LinkStep {
  /** Changes the owners of the very object that was seen; absent where there is nothing to change. */
  patch?: { metadata: object }
  /** Owners that it does not get, and why: the text follows the name of the owner. */
  problems: readonly { owner: BackedUpOwner; because: string }[]
}

/**
 * Decides which owners an object gets. Those that it has stay as they are, for a controller may have adopted it; but not those
 * with a uid in `gone`: the garbage collector would remove the object. One that is gone itself, is another one, or is being
 * deleted gets none. Nor does it get an owner again that is in `linked`: whoever has taken it away does so each time.
 */
export function decideLinks({ live, uid, gone = [], linked }: LinkFacts, found: readonly FoundOwner[]): LinkStep {
  if (live === undefined || live.metadata.uid !== uid || live.metadata.deletionTimestamp !== undefined)
    return { problems: [] }
  const standing = live.metadata.ownerReferences ?? []
  const links: OwnerReference[] = standing.filter((link) => !gone.includes(link.uid))
  const isTaken = links.length < standing.length
  const problems: LinkStep['problems'][number][] = []
  for (const { owner, live: of } of found) {
    const { uid: ownerUid = '' } = of.metadata
    if (links.some((link) => link.uid === ownerUid)) continue
    const other = owner.controller === true ? links.find(({ controller }) => controller === true) : undefined
    if (other !== undefined)
      problems.push({ owner, because: `cannot be its controller, for ${other.kind} ${other.name} is` })
    else if (linked?.has(ownerUid) === true) problems.push({ owner, because: 'somebody has taken away again' })
    else links.push(linkTo(of, owner))
  }
  if (links.length === standing.length && !isTaken) return { problems }
  const { resourceVersion } = live.metadata
  return { patch: { metadata: { uid, resourceVersion, ownerReferences: links } }, problems }
}

function linkTo({ apiVersion, kind, metadata }: Manifest, owner: BackedUpOwner): OwnerReference {
  const { controller, blockOwnerDeletion } = owner
  return {
    apiVersion,
    kind,
    name: metadata.name,
    uid: metadata.uid ?? '',
    ...(controller === undefined ? {} : { controller }),
    ...(blockOwnerDeletion === undefined ? {} : { blockOwnerDeletion }),
  }
}
