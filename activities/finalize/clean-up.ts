import { listAt, textAt, valueAt } from '../../core/values/fields.ts'
import { ApiError, isNotFound, isTransient } from '../../core/port-errors.ts'
import { validLabelValue } from '../../core/values/derived-names.ts'
import { warning } from '../../core/items/outcome.ts'
import type { Message } from '../../core/items/outcome.ts'
import { resourceUsageLabel, restoreNameLabel, restoreUidLabel } from '../../velero/labels.ts'
import type { Manifest } from '../../velero/manifest.ts'
import type { FinalizeDesk, FinalizeFinding } from './finalize-restore.ts'

const groupContents = {
  group: 'groupsnapshot.storage.k8s.io',
  version: 'v1beta2',
  resource: 'volumegroupsnapshotcontents',
}
const contents = { group: 'snapshot.storage.k8s.io', version: 'v1', resource: 'volumesnapshotcontents' }
const configMaps = { group: '', version: 'v1', resource: 'configmaps' }
const lookMs = 2_000

/**
 * Removes what was made for the restore alone: ConfigMaps that told where a data mover had put its data, and stubs of
 * group snapshots, which their snapshots need only until they are ready. Everything is found by the uid of the Restore
 * in its labels, so that nothing of another restore goes.
 */
export async function cleanUp(desk: FinalizeDesk): Promise<FinalizeFinding> {
  await removeUploadResults(desk)
  return { messages: await removeGroupStubs(desk) }
}

/** As in Velero, one that cannot be removed is only logged. */
async function removeUploadResults({ session, facts, ports }: FinalizeDesk): Promise<void> {
  if (![...facts.tally.keys()].some((key) => key.startsWith('datauploads.velero.io|'))) return
  const { uid, namespace } = session.ref
  const labelSelector = `${restoreUidLabel}=${validLabelValue(uid)},${resourceUsageLabel}=DataUpload`
  for (const found of await ports.cluster.list(configMaps, { namespace, labelSelector, metadataOnly: true })) {
    try {
      await ports.cluster.remove({ ...configMaps, namespace, name: found.metadata.name }, preconditionsOf(found))
    } catch (thrown) {
      rethrowPassing(thrown)
      ports.log.warn(`could not delete DataUploadResult ConfigMap ${found.metadata.name}: ${textOf(thrown)}`)
    }
  }
}

/** Only where the backup has a group snapshot: most clusters do not know the kind. Messages stand where Velero puts them. */
async function removeGroupStubs(desk: FinalizeDesk): Promise<Message[]> {
  if (!desk.facts.volumes.some((info) => (info.csiSnapshotInfo?.volumeGroupSnapshotHandle ?? '') !== '')) return []
  const { uid, name } = desk.session.ref
  const messages: Message[] = []
  const warn = (text: string) => messages.push(warning('namespace:cluster', text))
  const labelSelector = `${restoreNameLabel}=${validLabelValue(name)}`
  let stubs: Manifest[]
  try {
    const listed = await desk.ports.cluster.list(groupContents, { labelSelector })
    stubs = listed.filter((stub) => stub.metadata.labels?.[restoreUidLabel] === validLabelValue(uid))
  } catch (thrown) {
    rethrowPassing(thrown)
    warn(`failed to list stub VolumeGroupSnapshotContents: ${textOf(thrown)}`)
    return messages
  }
  for (const stub of stubs) {
    if (!(await areSnapshotsReady(stub, labelSelector, desk)))
      warn(`timed out waiting for VSCs related to VGSC ${stub.metadata.name}: context deadline exceeded`)
    try {
      await desk.ports.cluster.remove({ ...groupContents, name: stub.metadata.name }, preconditionsOf(stub))
    } catch (thrown) {
      rethrowPassing(thrown)
      warn(`failed to delete stub VolumeGroupSnapshotContent ${stub.metadata.name}: ${textOf(thrown)}`)
    }
  }
  return messages
}

/** Waits for the snapshots of a group; false where they are not ready in time. */
async function areSnapshotsReady(stub: Manifest, labelSelector: string, desk: FinalizeDesk): Promise<boolean> {
  const handles = new Set(listAt(stub, 'spec', 'source', 'groupSnapshotHandles', 'volumeSnapshotHandles'))
  for (;;) {
    desk.attempt.throwIfStopped()
    const unready = (await listContents(labelSelector, desk)).filter(
      (content) =>
        handles.has(textAt(content, 'spec', 'source', 'snapshotHandle')) &&
        valueAt(content, 'status', 'readyToUse') !== true,
    )
    if (unready.length === 0) return true
    if (desk.isOver()) return false
    desk.attempt.waitingFor(`VolumeSnapshotContent ${unready[0]?.metadata.name} to be ready`)
    await desk.ports.clock.sleep(lookMs, desk.attempt.signal)
  }
}

async function listContents(labelSelector: string, { ports }: FinalizeDesk): Promise<Manifest[]> {
  try {
    return await ports.cluster.list(contents, { labelSelector })
  } catch (thrown) {
    if (isNotFound(thrown)) return []
    throw thrown
  }
}

function preconditionsOf({ metadata }: Manifest): { uid?: string } {
  return metadata.uid === undefined ? {} : { uid: metadata.uid }
}

/** Trouble that passes is tried again. */
function rethrowPassing(thrown: unknown): void {
  if (!(thrown instanceof ApiError) || isTransient(thrown)) throw thrown
}

function textOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown)
}
