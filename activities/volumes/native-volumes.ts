import { whyNoObject } from '../../core/actions/run-plugins.ts'
import { looksOurs } from '../../core/items/field-owners.ts'
import type { Message, NativeVolume } from '../../core/items/outcome.ts'
import { claimRef, rebindVolume } from '../../core/items/volume-fate.ts'
import { PluginError } from '../../core/port-errors.ts'
import { sha256Hex } from '../../core/values/derived-names.ts'
import {
  cloneName,
  nativeFate,
  nativeSnapshotOf,
  nativeVolume,
  renamedVolume,
  snapshotterName,
} from '../../core/volumes/native-volume.ts'
import type { NativeFate } from '../../core/volumes/native-volume.ts'
import type { VolumeSnapshotLocation } from '../../velero/backup.ts'
import { fromSnapshotAnnotation } from '../../velero/labels.ts'
import type { Manifest } from '../../velero/manifest.ts'
import type { NativeSnapshot } from '../../velero/volume-info.ts'
import { NotYet } from '../items/item-tools.ts'
import type { ItemTools } from '../items/item-tools.ts'
import type { VolumeSnapshotter } from '../snapshotter-port.ts'
import { callsSoFar, makeVolume, warningsAbout } from './make-volume.ts'

/** A PV of the backup that has a native snapshot, ready for its item actions, or why it is not. */
export type NativeStep = ({ item: Manifest; made?: NativeVolume } | { problem: string }) & {
  messages: readonly Message[]
}

/** The folder of the journal with what was decided and done about a volume with a native snapshot. */
export const nativeFolder = (pv: string): string => `native/${sha256Hex(pv).slice(0, 40)}`

/**
 * Makes the volume of a PV from its native snapshot and gives the PV its id, as Velero does. What was decided is settled in the
 * journal before anything is done, each call that makes a volume before it is sent, the id of the volume before it is used: a
 * later attempt takes the same volume. Throws `NotYet` while a PV of that name goes away.
 * Source: pkg/restore/restore.go handlePVHasNativeSnapshot, pkg/restore/pv_restorer.go.
 */
export async function restoreNative(pv: Manifest, tools: ItemTools): Promise<NativeStep> {
  const { name } = pv.metadata
  const { spec, uid } = tools.rules.restore
  const fate = await settledFate(pv, tools)
  if (fate.do === 'wait') {
    const problem = `error waiting on in-cluster persistentvolume ${name}: context deadline exceeded`
    return { problem, messages: [] }
  }
  if (fate.do === 'keep') return { item: pv, messages: [] }
  const bound = rebindVolume(pv, spec.namespaceMapping)
  const rename = fate.renames ? cloneName(uid, name) : undefined
  const snapshot = spec.restorePVs === false ? undefined : nativeSnapshotOf(name, tools.rules.volumes.snapshots)
  if (snapshot === undefined) return { item: await named(bound, { name, rename }, tools), messages: [] }
  const folder = nativeFolder(name)
  const location = { name: snapshot.spec.location ?? '', snapshotId: snapshot.status?.providerSnapshotID ?? '' }
  try {
    const set = await restoreFrom(snapshot, bound, { folder, tools })
    const item = await named(tools.rules.isolate === true ? marked(set, uid) : set, { name, rename }, tools)
    if (tools.preview !== undefined) return { item, messages: [] }
    const made = nativeVolume(item.metadata.name, snapshot)
    return { item, made, messages: await warningsAbout(folder, location, tools) }
  } catch (thrown) {
    if (!(thrown instanceof PluginError)) throw thrown
    const problem = `error executing PVAction for persistentvolumes/${name}: ${thrown.message}`
    return { problem, messages: await warningsAbout(folder, location, tools) }
  }
}

/** The PV as one whose disk is the restore's own: who cleans up after it may take that away. */
function marked(pv: Manifest, uid: string): Manifest {
  const annotations = { ...pv.metadata.annotations, [fromSnapshotAnnotation]: uid }
  return { ...pv, metadata: { ...pv.metadata, annotations } }
}

/** Decides once: a PV that stands there later may be the one that this restore has made. A preview takes what goes away as gone. */
async function settledFate(pv: Manifest, tools: ItemTools): Promise<NativeFate> {
  const { journal, terminatingTimeoutSeconds } = tools.native
  const shard = `${nativeFolder(pv.metadata.name)}/fate`
  const settled = await journal.read<NativeFate>(shard)
  if (settled !== undefined) return settled
  const standing = await readStanding(pv, tools)
  // A run before has written it; what it had settled is not carried over where it made no volume.
  const isOurs = standing.volume !== undefined && looksOurs(standing.volume, tools.mark)
  const fate: NativeFate = isOurs
    ? { do: 'restore', renames: false }
    : nativeFate(pv, standing, tools.rules.restore.spec.namespaceMapping)
  if (tools.preview !== undefined) return fate.do === 'wait' ? { do: 'restore', renames: false } : fate
  if (fate.do !== 'wait') return journal.writeOnce<NativeFate>(shard, fate)
  const since = await tools.waitSince(nativeFolder(pv.metadata.name))
  if (tools.clock.now().getTime() >= since + terminatingTimeoutSeconds * 1000) return fate
  throw new NotYet(fate.because)
}

const core = { group: '', version: 'v1' }

async function readStanding(pv: Manifest, { cluster }: ItemTools) {
  const volume = await cluster.get({ ...core, resource: 'persistentvolumes', name: pv.metadata.name })
  const ref = volume === undefined ? undefined : claimRef(volume)
  if (ref === undefined) return { volume, claim: undefined, namespace: undefined }
  const { namespace, name } = ref
  return {
    volume,
    claim: await cluster.get({ ...core, resource: 'persistentvolumeclaims', namespace, name }),
    namespace: await cluster.get({ ...core, resource: 'namespaces', name: namespace }),
  }
}

/** The PV with its volume. Every failure that is about the plugin or its location is a `PluginError`. A preview makes no volume. */
async function restoreFrom(
  snapshot: NativeSnapshot,
  bound: Manifest,
  { folder, tools }: { folder: string; tools: ItemTools },
): Promise<Manifest> {
  const { plugin, opened } = await openLocation(snapshot.spec.location ?? '', tools)
  if (tools.preview !== undefined) return bound
  const { snapshotId, volumeType, zone, iops } = nativeVolume('', snapshot)
  const known = await callsSoFar(folder, tools.native.journal)
  const source = { snapshotId, volumeType, zone, iops }
  const volumeId = known.made?.volumeId ?? (await makeVolume({ folder, plugin, opened, source, known }, tools))
  const set = await opened.setVolumeId(bound, volumeId, tools.attempt.signal)
  const problem = whyNoObject(set)
  if (problem !== undefined)
    throw new PluginError('answer', `plugin ${plugin} has answered SetVolumeID with ${problem}`)
  return set as Manifest
}

async function openLocation(
  name: string,
  { cluster, native }: ItemTools,
): Promise<{ plugin: string; opened: VolumeSnapshotter }> {
  const { namespace, snapshotters } = native
  const ref = { group: 'velero.io', version: 'v1', resource: 'volumesnapshotlocations', namespace, name }
  const found = (name === '' ? undefined : await cluster.get(ref)) as unknown as VolumeSnapshotLocation | undefined
  if (found === undefined) throw new PluginError('unknown', `VolumeSnapshotLocation.velero.io "${name}" not found`)
  const plugin = snapshotterName(found.spec.provider)
  if (snapshotters === undefined)
    throw new PluginError('unknown', `unable to get valid VolumeSnapshotter for "${plugin}"`)
  return { plugin, opened: await snapshotters.open(found) }
}

/** The PV under the name that it gets. Another name than its own is journalled before it is used: its claim gets it too. */
async function named(
  set: Manifest,
  { name, rename }: { name: string; rename: string | undefined },
  { native, preview }: ItemTools,
): Promise<Manifest> {
  const to = set.metadata.name === name ? rename : set.metadata.name
  if (to === undefined) return set
  if (preview === undefined) await native.journal.write(`${nativeFolder(name)}/name`, to)
  return renamedVolume(set, name, to)
}

/** The other name that a PV with a native snapshot has got; undefined where it has kept its own, or has no such snapshot. */
export async function newNameOf(pv: string, { native, rules }: ItemTools): Promise<string | undefined> {
  const { infos, snapshots } = rules.volumes
  const info = Object.hasOwn(infos, pv) ? infos[pv] : undefined
  const isNative =
    info === undefined ? nativeSnapshotOf(pv, snapshots) !== undefined : info.backupMethod === 'NativeSnapshot'
  return isNative ? native.journal.read<string>(`${nativeFolder(pv)}/name`) : undefined
}
