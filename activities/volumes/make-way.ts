import { looksOurs } from '../../core/items/field-owners.ts'
import { isConflict } from '../../core/port-errors.ts'
import { timeoutOrDefaultMs } from '../../core/values/go-duration.ts'
import { takeOver } from '../../core/volumes/in-place.ts'
import type { ClaimInPlace } from '../../core/volumes/in-place.ts'
import { fieldManagerOf } from '../../velero/labels.ts'
import type { Manifest } from '../../velero/manifest.ts'
import type { CompanionProblem } from '../items/create-companions.ts'
import { NotYet } from '../items/item-tools.ts'
import type { ItemTools } from '../items/item-tools.ts'

const claims = { group: '', version: 'v1', resource: 'persistentvolumeclaims' }
const volumes = { group: '', version: 'v1', resource: 'persistentvolumes' }
/** How often a write is tried against other writers. */
const conflictsMax = 5
/** Velero's default of a backup's `csiSnapshotTimeout`. */
const defaultLimitMs = 600_000
/** Between the looks of one attempt; a claim that no pod uses is gone within a second. */
const pausesMs = [100, 300, 1000] as const

/**
 * Takes a claim away so that the data mover can write into its volume, and keeps the volume: first the note in the
 * journal, then the reclaim policy Retain, then the deletion of this very claim. Safe to run again at any point: a claim
 * that is away, or that this restore has made anew, is passed over. Returns Velero's text where it cannot be done. Throws
 * `NotYet` while the claim is on its way out, at most for the backup's `csiSnapshotTimeout`. A preview notes nothing: the claim
 * is away for its dry runs.
 */
export async function makeWay(note: ClaimInPlace | undefined, tools: ItemTools): Promise<CompanionProblem | undefined> {
  if (note === undefined) return undefined
  if (tools.preview !== undefined) {
    await tools.cluster.remove(claimOf(note))
    return undefined
  }
  const settled = await tools.inPlace.settle(note)
  const live = await tools.cluster.get(claimOf(settled))
  if (live === undefined || looksOurs(live, tools.mark)) return undefined
  const { name, namespace = '' } = settled.claim.metadata
  if (live.metadata.uid !== settled.claimUid) {
    return { text: `another PVC ${name} was created in namespace ${namespace} after the existing one was deleted` }
  }
  const problem = await retain(settled, tools)
  if (problem !== undefined) return { text: problem }
  await removeClaim(settled, tools)
  return awaitEnd(settled, tools)
}

function claimOf({ claim: { metadata } }: ClaimInPlace) {
  return { ...claims, namespace: metadata.namespace ?? '', name: metadata.name }
}

/** Sees to it that the volume stays when its claim goes, and that no other restore gives it back meanwhile. */
async function retain({ volume }: ClaimInPlace, tools: ItemTools): Promise<string | undefined> {
  const { name, uid } = volume
  for (let tries = 1; ; tries++) {
    const live = await tools.cluster.get({ ...volumes, name })
    if (live?.metadata.uid !== uid) return `Fail to get PV ${name}: persistentvolumes "${name}" not found`
    const patch = takeOver(live, volume, tools.mark.uid)
    if (patch === undefined) return undefined
    try {
      await tools.cluster.patch({ ...volumes, name }, patch, { fieldManager: fieldManagerOf(tools.mark.uid) })
      return undefined
    } catch (thrown) {
      if (!isConflict(thrown) || tries >= conflictsMax) throw thrown
    }
  }
}

async function removeClaim(note: ClaimInPlace, tools: ItemTools): Promise<void> {
  for (let tries = 1; ; tries++) {
    const live = await tools.cluster.get(claimOf(note))
    if (!isSame(live, note) || live.metadata.deletionTimestamp !== undefined) return
    const { uid, resourceVersion } = live.metadata
    try {
      await tools.cluster.remove(claimOf(note), { uid, resourceVersion })
      return
    } catch (thrown) {
      if (!isConflict(thrown) || tries >= conflictsMax) throw thrown
    }
  }
}

async function awaitEnd(note: ClaimInPlace, tools: ItemTools): Promise<CompanionProblem | undefined> {
  for (let looks = 0; ; looks++) {
    const live = await tools.cluster.get(claimOf(note))
    if (!isSame(live, note)) return undefined
    tools.attempt.throwIfStopped()
    const pauseMs = pausesMs[looks]
    if (pauseMs !== undefined) {
      await tools.clock.sleep(pauseMs, tools.attempt.signal)
      continue
    }
    const { namespace = '', name } = note.claim.metadata
    const finalizers = `[${(live.metadata.finalizers ?? []).join(' ')}]`
    const limitMs = timeoutOrDefaultMs(tools.rules.facts.backup.spec.csiSnapshotTimeout, defaultLimitMs)
    const since = await tools.waitSince(`in-place/${namespace}/${name}/${note.claimUid}`)
    if (tools.clock.now().getTime() < since + limitMs)
      throw new NotYet(`PVC ${namespace}/${name} to be deleted, finalizers in pvc ${finalizers}`)
    return {
      text:
        `fail to delete the existing PVC ${name} in namespace ${namespace}: ` +
        `timeout to assure pvc ${name} is deleted, finalizers in pvc ${finalizers}`,
    }
  }
}

function isSame(live: Manifest | undefined, { claimUid }: ClaimInPlace): live is Manifest {
  return live !== undefined && live.metadata.uid === claimUid
}
