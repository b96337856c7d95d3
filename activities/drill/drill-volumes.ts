import { decideDrillVolume, isGoing, volumeText } from '../../core/drill/drill-volume.ts'
import { isOfScratch, scratchSelector } from '../../core/drill/scratch-namespace.ts'
import { isConflict, isNotFound } from '../../core/port-errors.ts'
import type { Manifest } from '../../velero/manifest.ts'
import { restoreFieldManager } from '../frame/restore-resource.ts'
import type { Attempt } from '../frame/run-activity.ts'
import type { Cluster } from '../ports.ts'
import { ownerOf, runDrillStep } from './drill-input.ts'
import type { DrillPorts, DrillRun } from './drill-input.ts'
import { namespaceResource } from '../../velero/resource.ts'

/** What {@link ownDrillVolumes} is asked for. */
export interface OwnVolumesInput extends DrillRun {
  /** The names of the scratch namespaces that were made; none where the drill did not come so far. */
  scratch: readonly string[]
  /** The uid of the Restore; absent where none was made. */
  restoreUid?: string
  /** When the first scratch namespace was made; absent where none was. */
  since?: string
}

/** Volumes that stay which a drill names. */
const toldMax = 20

const volumes = { group: '', version: 'v1', resource: 'persistentvolumes' }

/**
 * Has the volumes that were made for the claims of a drill go with their claims, whatever their reclaim policy is, and marks them, so
 * that their end is waited for. Returns those that stay, a clause each. It runs while the claims stand. A namespace is the drill's own
 * by its label alone: one of the same name may be somebody else's, with that one's data. Safe to run twice.
 */
export function ownDrillVolumes(ports: DrillPorts) {
  return (input: OwnVolumesInput): Promise<{ left: string[] }> =>
    runDrillStep(ports, input, { doing: 'looking at the volumes' }, async (attempt) => {
      const { cluster } = ports
      const standing = await cluster.list(namespaceResource, { labelSelector: scratchSelector(ownerOf(input)) })
      const scratch = standing.map(({ metadata }) => metadata.name)
      const claims = await claimsIn(cluster, scratch)
      if (claims.size === 0) return { left: [] }
      const seen = (await cluster.list(volumes, {})).filter((volume) => isOfScratch(volume, scratch))
      return { left: await own(cluster, seen, { ...input, claims, attempt }) }
    })
}

interface Owning extends OwnVolumesInput {
  claims: ReadonlySet<string> | undefined
  attempt: Pick<Attempt, 'throwIfStopped'>
}

/** Has each of these volumes go that is the drill's own. Returns those that stay, a clause each. */
async function own(
  cluster: Cluster,
  seen: readonly Manifest[],
  { claims, attempt, restoreUid, since, ...input }: Owning,
): Promise<string[]> {
  const owner = ownerOf(input)
  const left: string[] = []
  for (const one of seen) {
    attempt.throwIfStopped()
    const decide = (volume: Manifest) => decideDrillVolume({ volume, owner, restoreUid, claims, since })
    const told = await settle(cluster, one, decide)
    if (told !== undefined) left.push(told)
  }
  return left.slice(0, toldMax)
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
 * The volumes of a drill that are still there once its claims are gone: `going` ones are waited for, the others stay. A provisioner may
 * have made one after {@link ownDrillVolumes} has looked: that goes too.
 */
export async function volumesLeft(
  cluster: Cluster,
  input: OwnVolumesInput & Pick<Owning, 'attempt'>,
): Promise<{ going: string[]; stays: string[] }> {
  const seen = await ofEndedScratch(cluster, await cluster.list(volumes, {}), input.scratch)
  await own(cluster, seen, { ...input, claims: undefined })
  const left = await cluster.list(volumes, { labelSelector: scratchSelector(ownerOf(input)) })
  const [going, stays] = [left.filter(isGoing), left.filter((volume) => !isGoing(volume))]
  return { going: going.map(volumeText), stays: stays.map(volumeText) }
}

/**
 * Those of the companions that are bound to something in a scratch namespace that is gone. A namespace that has the name of one by now
 * is somebody else's. It is looked for after the companions were seen: they cannot be of one that was made later.
 */
export async function ofEndedScratch(
  cluster: Cluster,
  companions: readonly Manifest[],
  scratch: readonly string[],
): Promise<Manifest[]> {
  const found = companions.filter((one) => isOfScratch(one, scratch))
  if (found.length === 0) return []
  const standing = await Promise.all(scratch.map((name) => cluster.get({ ...namespaceResource, name })))
  return found.filter((one) =>
    isOfScratch(
      one,
      scratch.filter((_name, index) => standing[index] === undefined),
    ),
  )
}
