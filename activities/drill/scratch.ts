import { isScratchOf, scratchNamespace, scratchSelector, whyTaken } from '../../core/drill/scratch-namespace.ts'
import { whyNamespaceStays } from '../../core/items/why-waiting.ts'
import { ApiError, isAlreadyExists, isTransient } from '../../core/port-errors.ts'
import { validLabelValue } from '../../core/values/derived-names.ts'
import { textAt } from '../../core/values/fields.ts'
import { parseJson } from '../../core/values/manifest-json.ts'
import { drillRunLabel, restoreNameLabel } from '../../velero/labels.ts'
import type { Manifest } from '../../velero/manifest.ts'
import { removeExactly } from '../deletion/deletion-request.ts'
import { listIfServed } from '../frame/served-kinds.ts'
import { pauseAfter } from '../frame/run-activity.ts'
import { restoreFieldManager } from '../frame/restore-resource.ts'
import type { Archive } from '../archive-port.ts'
import { entriesOf } from '../frame/archive-entries.ts'
import type { Cluster } from '../ports.ts'
import { isOver, ownerOf, runDrillStep } from './drill-input.ts'
import type { DrillPorts, DrillRun } from './drill-input.ts'
import { ofEndedScratch, volumesLeft } from './drill-volumes.ts'
import type { OwnVolumesInput } from './drill-volumes.ts'
import { inTarball } from './in-tarball.ts'
import type { ChosenBackup } from './in-tarball.ts'
import { namespaceResource } from '../../velero/resource.ts'

/** What {@link makeScratch} is asked for. */
export interface MakeScratchInput extends DrillRun {
  backup: ChosenBackup
  mapping: Readonly<Record<string, string>>
}

/** Whether a drill has its namespaces. */
export type ScratchReport =
  | {
      do: 'go'
      /** When the first of them was made, by the API server's clock. */
      since?: string
    }
  | { do: 'refuse'; because: string }

/**
 * Makes the scratch namespaces of a drill, each with the labels of the backup's one and with those that say whose it is. Where one of
 * them is somebody else's, the drill is refused: nothing is made where that is seen first, and what was made is removed at the end of
 * the drill. Safe to run twice: a namespace with the label of the same Restore is the one of an earlier attempt.
 */
export function makeScratch(ports: DrillPorts) {
  return (input: MakeScratchInput): Promise<ScratchReport> =>
    runDrillStep(ports, input, { doing: 'making the scratch namespaces' }, async (attempt) => {
      const { cluster } = ports
      const owner = ownerOf(input)
      const wanted = Object.values(input.mapping)
      const taken = (standing: Manifest | undefined) =>
        standing === undefined || isScratchOf(standing, owner) ? undefined : whyTaken(standing, owner)
      for (const name of wanted) {
        const because = taken(await cluster.get({ ...namespaceResource, name }))
        if (because !== undefined) return { do: 'refuse', because }
      }
      const originals = await inTarball(ports, { ...input, attempt }, (archive) =>
        readOriginals(archive, input.mapping),
      )
      const made: (string | null | undefined)[] = []
      for (const [original, name] of Object.entries(input.mapping)) {
        attempt.throwIfStopped()
        try {
          const manifest = scratchNamespace(name, owner, originals.get(original))
          const { metadata } = await cluster.create(namespaceResource, undefined, manifest, {
            fieldManager: restoreFieldManager,
          })
          made.push(metadata.creationTimestamp)
        } catch (thrown) {
          if (!(thrown instanceof ApiError) || isTransient(thrown)) throw thrown
          if (!isAlreadyExists(thrown))
            return { do: 'refuse', because: `namespace ${name} cannot be made: ${thrown.message}` }
          const standing = await cluster.get({ ...namespaceResource, name })
          const because = taken(standing)
          if (because !== undefined) return { do: 'refuse', because }
          made.push(standing?.metadata.creationTimestamp)
        }
      }
      const [since] = made.flatMap((time) => time ?? []).toSorted()
      return { do: 'go', ...(since === undefined ? {} : { since }) }
    })
}

/** The backup's own namespaces that are mapped, by name. */
async function readOriginals(
  archive: Archive,
  mapping: Readonly<Record<string, string>>,
): Promise<Map<string, Manifest>> {
  const found = new Map<string, Manifest>()
  for (const entry of entriesOf(archive, 'namespaces')) {
    if (!Object.hasOwn(mapping, entry.name)) continue
    try {
      found.set(entry.name, parseJson(await archive.read(entry)) as Manifest)
    } catch (thrown) {
      // The restore tells of an item that cannot be read.
      if (!(thrown instanceof SyntaxError)) throw thrown
    }
  }
  return found
}

/** What {@link removeScratch} is asked for. */
export interface RemoveScratchInput extends OwnVolumesInput {
  /** How long it waits for what is being deleted. */
  patienceSeconds: number
}

const lookSeconds = { first: 1, last: 10 } as const

/**
 * Deletes the scratch namespaces of a drill, then the cluster's objects that came with its claims, and looks until they are gone.
 * Returns what stays, and what is still there after its patience, a clause each. Each delete carries the uid that was seen; a lost attempt to make
 * namespaces is waited for first (rule 7).
 */
export function removeScratch({ cluster, presence, clock }: DrillPorts) {
  return (input: RemoveScratchInput): Promise<{ left: string[] }> =>
    runDrillStep(
      { cluster, presence },
      input,
      { doing: 'removing the scratch namespaces', followsEarlierRun: true },
      async (attempt) => {
        const standing = await cluster.list(namespaceResource, { labelSelector: scratchSelector(ownerOf(input)) })
        for (const { metadata } of standing)
          if (metadata.deletionTimestamp === undefined)
            await removeExactly(cluster, { ...namespaceResource, name: metadata.name }, metadata.uid)
        const going = standing.map((one) => `namespace ${one.metadata.name}${whyNamespaceStays(one)}`)
        const stays: string[] = []
        // A volume is held by its claim.
        if (standing.length === 0) {
          const volumes = await volumesLeft(cluster, { ...input, attempt })
          going.push(...(await removeCompanions(cluster, input)), ...volumes.going)
          stays.push(...volumes.stays)
        }
        const [first] = going
        if (first === undefined || isOver(clock, input.patienceSeconds)) return { left: [...stays, ...going] }
        throw attempt.pause({
          waitingFor: `the end of ${first}`,
          afterSeconds: pauseAfter(attempt.number, lookSeconds),
        })
      },
    )
}

/**
 * Deletes volumes and contents of snapshots that the restore has made for claims: they have Velero's label of the restore, and are of one
 * of its scratch namespaces, since a restore of another Velero namespace may have the same name. One that is marked goes by itself. A content that would take its snapshot with it stays, since the snapshot is the backup's. Returns what is still there.
 */
async function removeCompanions(cluster: Cluster, { restore, scratch }: RemoveScratchInput): Promise<string[]> {
  const labelSelector = `${restoreNameLabel}=${validLabelValue(restore)}`
  const left: string[] = []
  for (const resource of companionResources) {
    const labelled = await listIfServed(cluster, resource, { labelSelector })
    for (const seen of await ofEndedScratch(cluster, labelled, scratch)) {
      if (seen.metadata.labels?.[drillRunLabel] !== undefined) continue
      const { metadata } = seen
      const at = { ...resource, name: metadata.name }
      const takesSnapshot = textAt(seen, 'spec', 'deletionPolicy') === 'Delete'
      if (!takesSnapshot && metadata.deletionTimestamp === undefined) await removeExactly(cluster, at, metadata.uid)
      if ((await cluster.get(at)) !== undefined) left.push(`${at.resource} ${at.name}`)
    }
  }
  return left
}

const companionResources = [
  { group: '', version: 'v1', resource: 'persistentvolumes' },
  { group: 'snapshot.storage.k8s.io', version: 'v1', resource: 'volumesnapshotcontents' },
]
