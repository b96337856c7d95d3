import { whyClaimsWouldGo } from '../../core/items/decide-existing.ts'
import { error, scopeOf } from '../../core/items/outcome.ts'
import { whyObjectStays } from '../../core/items/why-waiting.ts'
import { plannedKey } from '../../core/plan/plan.ts'
import { isConflict, refusalOf } from '../../core/port-errors.ts'
import type { Manifest } from '../../velero/manifest.ts'
import { formatResourceId } from '../../velero/resource.ts'
import { listIfServed } from '../frame/served-kinds.ts'
import { NotYet, objectRef, refusedFor } from '../items/item-tools.ts'
import type { ItemTools, WriteInput, WriteResult } from '../items/item-tools.ts'

/** Between the looks of one attempt: an object that owns nothing is gone within a second. */
const pausesMs = [100, 300, 1000] as const

const claimsResource = { group: '', version: 'v1', resource: 'persistentvolumeclaims' }
const statefulSets = { group: 'apps', version: 'v1', resource: 'statefulsets' }

/**
 * Takes an object away so that its item can be created: first the look that no claim goes with it, then the note in the journal,
 * then the deletion of this very object as it was when that was decided, then the wait until it is gone with what it owns. Safe to
 * run again at any point: the uid in the note is the only one that is ever deleted for this item. Returns undefined where its place
 * is free, or what the item comes to. Throws `NotYet` while the object is on its way out, at most for the terminating timeout, and a
 * conflict where somebody else changed it meanwhile: it is decided anew. In a preview the object is away for its dry runs.
 */
export async function makeRoom(
  live: Manifest,
  input: WriteInput,
  tools: ItemTools,
): Promise<(WriteResult & { action: 'failed' }) | undefined> {
  const { groupResource, item } = input
  const { uid = '', deletionTimestamp } = live.metadata
  const key = plannedKey(groupResource, item)
  if (deletionTimestamp === undefined) {
    const problem = await claimsAtRisk(live, input, tools)
    if (problem !== undefined) return problem
  }
  if (tools.preview === undefined) {
    const note = await tools.recreated.settle({ key, groupResource, item, object: { ...objectRef(input), uid } })
    // Another attempt was faster: the next look decides about what stands there then.
    if (note.object.uid !== uid) return undefined
  }
  if (deletionTimestamp === undefined) {
    const problem = await removeStanding(live, input, tools)
    if (problem !== undefined) return problem
  }
  return tools.preview === undefined ? awaitEnd(uid, input, tools) : undefined
}

/** The error of an item whose object would take claims with it, and so their data; undefined where it takes none. */
async function claimsAtRisk(
  live: Manifest,
  input: WriteInput,
  { cluster }: ItemTools,
): Promise<(WriteResult & { action: 'failed' }) | undefined> {
  const { target } = input.item
  const inside = { ...(target === undefined ? {} : { namespace: target }), metadataOnly: true }
  const claims = (await listIfServed(cluster, claimsResource, inside)).filter(hasOwner)
  const sets = claims.length === 0 ? [] : await listIfServed(cluster, statefulSets, inside)
  const why = whyClaimsWouldGo(live, { claims, statefulSets: sets })
  if (why === undefined) return undefined
  const id = idOf(input)
  const scope = scopeOf(target)
  const message = error(
    scope,
    `${id} exists and is not recreated: ${why}. Take another policy for it, or delete it yourself`,
  )
  return { action: 'failed', messages: [message] }
}

function hasOwner({ metadata }: Manifest): boolean {
  return (metadata.ownerReferences ?? []).length > 0
}

/** Deletes the object with what it owns; where that is refused, the item fails and the object stands. */
async function removeStanding(
  { metadata: { uid, resourceVersion } }: Manifest,
  input: WriteInput,
  tools: ItemTools,
): Promise<(WriteResult & { action: 'failed' }) | undefined> {
  try {
    await tools.cluster.remove(objectRef(input), { uid, resourceVersion, propagation: 'Foreground' })
    return undefined
  } catch (thrown) {
    const refusal = refusalOf(thrown)
    if (isConflict(refusal)) throw refusal
    const id = idOf(input)
    const scope = scopeOf(input.item.target)
    const message = error(scope, `${id} exists and is to be created anew, but cannot be deleted: ${refusal.message}`)
    return { action: 'failed', messages: [message], ...refusedFor(refusal) }
  }
}

async function awaitEnd(
  uid: string,
  input: WriteInput,
  tools: ItemTools,
): Promise<(WriteResult & { action: 'failed' }) | undefined> {
  for (let looks = 0; ; looks++) {
    const live = await tools.cluster.get(objectRef(input))
    if (live?.metadata.uid !== uid) return undefined
    tools.attempt.throwIfStopped()
    const pauseMs = pausesMs[looks]
    if (pauseMs !== undefined) {
      await tools.clock.sleep(pauseMs, tools.attempt.signal)
      continue
    }
    const { terminatingTimeoutSeconds: seconds } = tools.native
    const deadline = (await tools.waitSince(`recreate/${uid}`)) + seconds * 1000
    const id = idOf(input)
    const why = whyObjectStays(live)
    if (tools.clock.now().getTime() < deadline)
      throw new NotYet(`${id} to be gone, since it is to be created anew${why}`)
    const message = error(
      scopeOf(input.item.target),
      `${id} was deleted to be created anew, and is not gone after ${seconds} s${why}. Retry the restore once it is gone`,
    )
    return { action: 'failed', messages: [message] }
  }
}

function idOf({ groupResource, item }: WriteInput): string {
  return formatResourceId(groupResource, item.target, item.name)
}
