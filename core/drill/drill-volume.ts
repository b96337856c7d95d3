import { drillRunLabel, fromSnapshotAnnotation, restoreNameLabel } from '../../velero/labels.ts'
import type { Manifest } from '../../velero/manifest.ts'
import { claimRef } from '../items/volume-fate.ts'
import { textAt } from '../values/fields.ts'
import { validLabelValue } from '../values/derived-names.ts'
import { runOf } from './scratch-namespace.ts'
import type { ScratchOwner } from './scratch-namespace.ts'

/** What is known of a PersistentVolume when the claims of a drill are about to be deleted. */
export interface DrillVolumeFacts {
  volume: Manifest
  owner: ScratchOwner
  /** The uid of the Restore; undefined where none was made. */
  restoreUid: string | undefined
  /** The uids of the claims that stand in the scratch namespaces; undefined where these are gone. */
  claims: ReadonlySet<string> | undefined
  /** When the first scratch namespace was made, by the API server's clock; undefined where none was. */
  since: string | undefined
}

/**
 * What a drill does about a volume before its claim is deleted. `own`: it was made for the drill, and the patch has it go with its
 * claim. `tell`: it stays, as the sentence says.
 */
export type DrillVolume = { do: 'nothing' } | { do: 'own'; patch: object } | { do: 'tell'; because: string }

/** By this annotation a provisioner knows the volumes that it has made. */
const provisionedBy = 'pv.kubernetes.io/provisioned-by'

/**
 * Decides about a volume that a claim of a drill is bound to. A volume is the drill's own, with its disk, where the name says that a
 * provisioner has made it for this very claim, or where this very restore has made it from a snapshot. Any other one may have
 * the disk of the original: it is never told to go with its claim. Once the claims are gone, those that were made since the drill made
 * its namespaces are of its claims: a provisioner may come late.
 */
export function decideDrillVolume({ volume, owner, restoreUid, claims, since }: DrillVolumeFacts): DrillVolume {
  const uid = textAt(volume, 'spec', 'claimRef', 'uid')
  const isOf = claims === undefined ? isSince(volume, since) : claims.has(uid)
  if (uid === '' || !isOf) return { do: 'nothing' }
  if (isProvisionedFor(volume, uid) || isFromSnapshotBy(volume, restoreUid)) return own(volume, owner)
  if (claims === undefined) return { do: 'nothing' }
  const isRestored = volume.metadata.labels?.[restoreNameLabel] === validLabelValue(owner.restore)
  const policy = textAt(volume, 'spec', 'persistentVolumeReclaimPolicy')
  if (isRestored || policy === 'Delete') return { do: 'nothing' }
  const claim = claimRef(volume)
  return {
    do: 'tell',
    because: `persistentvolumes ${volume.metadata.name} (claim ${claim?.namespace}/${claim?.name} was bound to it, and its reclaim policy ${policy} keeps it with what was written)`,
  }
}

function isSince({ metadata: { creationTimestamp } }: Manifest, since: string | undefined): boolean {
  return Date.parse(creationTimestamp ?? '') >= Date.parse(since ?? '')
}

function isProvisionedFor({ metadata }: Manifest, claim: string): boolean {
  return metadata.annotations?.[provisionedBy] !== undefined && metadata.name.endsWith(claim)
}

function isFromSnapshotBy({ metadata }: Manifest, restoreUid: string | undefined): boolean {
  return restoreUid !== undefined && metadata.annotations?.[fromSnapshotAnnotation] === restoreUid
}

function own(volume: Manifest, owner: ScratchOwner): DrillVolume {
  const { uid, resourceVersion, labels } = volume.metadata
  const run = runOf(owner)
  const goes = textAt(volume, 'spec', 'persistentVolumeReclaimPolicy') === 'Delete'
  if (goes && labels?.[drillRunLabel] === run) return { do: 'nothing' }
  const metadata = { uid, resourceVersion, labels: { [drillRunLabel]: run } }
  return { do: 'own', patch: goes ? { metadata } : { metadata, spec: { persistentVolumeReclaimPolicy: 'Delete' } } }
}

/** Whether the end of such a volume can be waited for: it is to go with its claim, and somebody takes it away. */
export function isGoing(volume: Manifest): boolean {
  if (volume.metadata.deletionTimestamp !== undefined) return true
  if (textAt(volume, 'spec', 'persistentVolumeReclaimPolicy') !== 'Delete') return false
  return textAt(volume, 'status', 'phase') !== 'Failed' || volume.metadata.annotations?.[provisionedBy] !== undefined
}

/** A volume that is still there, as a sentence names it. */
export function volumeText(volume: Manifest): string {
  const [phase, message] = [textAt(volume, 'status', 'phase'), textAt(volume, 'status', 'message').slice(0, 200)]
  const state = [phase, message].filter((text) => text !== '').join(': ')
  return `persistentvolumes ${volume.metadata.name}${state === '' ? '' : ` (${state})`}`
}
