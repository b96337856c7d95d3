import { decideDrillVolume, isGoing, isLeftOf, volumeText } from '../../core/drill/drill-volume.ts'
import { isOfScratch } from '../../core/drill/scratch-namespace.ts'
import type { ScratchOwner } from '../../core/drill/scratch-namespace.ts'
import { isConflict, isNotFound } from '../../core/port-errors.ts'
import type { Manifest } from '../../velero/manifest.ts'
import { restoreFieldManager } from '../frame/restore-resource.ts'
import type { Cluster } from '../ports.ts'
import { ownerOf, runDrillStep } from './drill-input.ts'
import type { DrillPorts, DrillRun } from './drill-input.ts'

/** What {@link ownDrillVolumes} is asked for. */
export interface OwnVolumesInput extends DrillRun {
  /** The names of the scratch namespaces. */
  scratch: readonly string[]
  /** The uid of the Restore; absent where none was made. */
  restoreUid?: string
}

/** Volumes that stay which a drill names. */
const toldMax = 20

const volumes = { group: '', version: 'v1', resource: 'persistentvolumes' }

/**
 * Has the volumes that were made for the claims of a drill go with their claims, whatever their reclaim policy is, and marks them, so
 * that their end is waited for. Returns those that stay, a clause each. It runs while the claims stand. Safe to run twice.
 */
export function ownDrillVolumes(ports: DrillPorts) {
  return (input: OwnVolumesInput): Promise<{ left: string[] }> =>
    runDrillStep(ports, input, { doing: 'looking at the volumes' }, async (attempt) => {
      const { cluster } = ports
      const { scratch, restoreUid } = input
      const owner = ownerOf(input)
      const claims = await claimsIn(cluster, scratch)
      const left: string[] = []
      for (const seen of claims.size === 0 ? [] : await cluster.list(volumes, {})) {
        if (!isOfScratch(seen, scratch)) continue
        attempt.throwIfStopped()
        const told = await settle(cluster, seen, (volume) => decideDrillVolume({ volume, owner, restoreUid, claims }))
        if (told !== undefined) left.push(told)
      }
      return { left: left.slice(0, toldMax) }
    })
}

async function claimsIn(cluster: Cluster, scratch: readonly string[]): Promise<ReadonlySet<string>> {
  const claims = { group: '', version: 'v1', resource: 'persistentvolumeclaims' }
  const lists = await Promise.all(scratch.map((namespace) => cluster.list(claims, { namespace, metadataOnly: true })))
  return new Set(lists.flat().flatMap(({ metadata }) => metadata.uid ?? []))
}

/** How often a volume is decided again because another writer came in between: the controller of volumes is one. */
const conflictsMax = 10

/** Does what is decided. Returns why the volume stays; undefined where it goes, or is none of the drill's. */
async function settle(
  cluster: Cluster,
  seen: Manifest,
  decide: (volume: Manifest) => ReturnType<typeof decideDrillVolume>,
): Promise<string | undefined> {
  let volume: Manifest | undefined = seen
  for (let tries = 1; volume !== undefined; tries++) {
    const step = decide(volume)
    if (step.do === 'tell') return step.because
    if (step.do === 'nothing') return undefined
    const at = { ...volumes, name: volume.metadata.name }
    try {
      await cluster.patch(at, step.patch, { fieldManager: restoreFieldManager })
      return undefined
    } catch (thrown) {
      if (!isConflict(thrown) && !isNotFound(thrown)) throw thrown
      if (tries >= conflictsMax) throw thrown
      volume = await cluster.get(at)
    }
  }
  return undefined
}

/**
 * The volumes of a drill that are still there once its claims are gone: `going` ones are waited for, the others stay. One that was
 * provisioned after {@link ownDrillVolumes} has looked goes or stays by the policy of its StorageClass.
 */
export async function volumesLeft(
  cluster: Cluster,
  { owner, scratch }: { owner: ScratchOwner; scratch: readonly string[] },
): Promise<{ going: string[]; stays: string[] }> {
  const found = scratch.length === 0 ? [] : await cluster.list(volumes, {})
  const left = found.filter((volume) => isLeftOf(volume, owner, scratch))
  const [going, stays] = [left.filter(isGoing), left.filter((volume) => !isGoing(volume))]
  return { going: going.map(volumeText), stays: stays.map(volumeText) }
}
