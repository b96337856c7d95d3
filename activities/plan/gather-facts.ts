import type { ActionFacts } from '../../core/actions/action.ts'
import { askedBy, askedConfigs } from '../../core/asked/annotations.ts'
import { validLabelValue } from '../../core/values/derived-names.ts'
import { backupNameLabel, pluginConfigLabel } from '../../velero/labels.ts'
import type { Manifest } from '../../velero/manifest.ts'
import { backupCsiVolumeSnapshotsKey, backupVolumeInfoKey, backupVolumeSnapshotsKey } from '../../velero/object-keys.ts'
import type { GroupResource, ResourceRef } from '../../velero/resource.ts'
import type { BackupVolumeInfo, NativeSnapshot } from '../../velero/volume-info.ts'
import { fatal } from '../frame/failures.ts'
import { inflateText } from '../frame/inflate.ts'
import { listIfServed } from '../frame/served-kinds.ts'
import type { Cluster, ObjectStore, Ports } from '../ports.ts'
import type { Session } from '../frame/session.ts'
import type { Settings } from '../settings.ts'
import type { StoredFacts } from '../frame/journal.ts'

/** A metadata file with more bytes than this, after decompression, is refused. */
const fileBytesMax = 256 * 1024 * 1024

const claimResource: ResourceRef = { group: '', version: 'v1', resource: 'persistentvolumeclaims' }
const accountResource: ResourceRef = { group: '', version: 'v1', resource: 'serviceaccounts' }
const volumeSnapshotClasses: ResourceRef = {
  group: 'snapshot.storage.k8s.io',
  version: 'v1',
  resource: 'volumesnapshotclasses',
}
const storageClasses: ResourceRef = { group: 'storage.k8s.io', version: 'v1', resource: 'storageclasses' }
const volumeGroupSnapshotClasses: ResourceRef = {
  group: 'groupsnapshot.storage.k8s.io',
  version: 'v1beta2',
  resource: 'volumegroupsnapshotclasses',
}

/**
 * Gathers, once per restore, what item actions and volumes need to know: a few reads in all, none per item. `kinds` are
 * the resources in the archive: facts that none of them needs are not read. Throws `RestoreFailed` where a metadata file
 * of the backup cannot be read, as Velero does.
 */
export async function gatherFacts(
  kinds: ReadonlySet<GroupResource>,
  { session, ports, settings }: { session: Session; ports: Ports; settings: Settings },
): Promise<StoredFacts> {
  const { admission, store } = session
  const backup = admission.spec.backupName ?? ''
  const read = <T extends object>(key: string, problem: string) => readList<T>(store, key, problem)
  const [snapshots, csiSnapshots, infos, actions] = await Promise.all([
    read<NativeSnapshot>(backupVolumeSnapshotsKey(backup), 'error fetching volume snapshots metadata'),
    read<Manifest>(backupCsiVolumeSnapshotsKey(backup), 'fail to fetch CSI VolumeSnapshots metadata'),
    read<BackupVolumeInfo>(backupVolumeInfoKey(backup), 'fail to get VolumeInfos metadata file'),
    gatherActionFacts(session, kinds, ports.cluster, settings.veleroNamespace),
  ])
  return {
    actions,
    volumes: {
      infos: Object.fromEntries(infos.map((info) => [info.pvName ?? '', info])),
      snapshots: snapshots.map((snapshot) => ({ ...snapshot, spec: snapshot.spec ?? { persistentVolumeName: '' } })),
      csiSnapshots: csiSnapshots.filter((snapshot) => snapshot.metadata !== undefined) as Manifest[],
      podVolumeBackups: actions.podVolumeBackups,
      movedClaims: [],
    },
  }
}

async function gatherActionFacts(
  session: Session,
  kinds: ReadonlySet<GroupResource>,
  cluster: Cluster,
  veleroNamespace: string,
): Promise<ActionFacts> {
  const { admission } = session
  const namespace = admission.restore.namespace
  const inVelero = (group: string, resource: string, labelSelector?: string) =>
    listIfServed(
      cluster,
      { group, version: 'v1', resource },
      { namespace, ...(labelSelector === undefined ? {} : { labelSelector }) },
    )
  const when = async <T>(needed: boolean, read: () => Promise<T[]>): Promise<T[]> => (needed ? read() : [])
  const hasVolumes =
    kinds.has('persistentvolumeclaims') || kinds.has('persistentvolumes') || kinds.has('statefulsets.apps')
  const hasSnapshots =
    kinds.has('volumesnapshots.snapshot.storage.k8s.io') || kinds.has('volumesnapshotcontents.snapshot.storage.k8s.io')
  const namesOf = (ref: ResourceRef) => listIfServed(cluster, ref, { metadataOnly: true })
  const backupLabel = `${backupNameLabel}=${validLabelValue(admission.spec.backupName ?? '')}`
  const [veleroImage, claims, configs, classes, snapshotClasses, groupClasses, podVolumeBackups, accounts] =
    await Promise.all([
      kinds.has('pods') ? imageOfVelero(cluster, veleroNamespace) : undefined,
      when(kinds.has('persistentvolumeclaims'), () => namesOf(claimResource)),
      inVelero('', 'configmaps', pluginConfigLabel),
      when(hasVolumes, () => namesOf(storageClasses)),
      when(hasSnapshots, () => listIfServed(cluster, volumeSnapshotClasses, {})),
      when(hasSnapshots, () => listIfServed(cluster, volumeGroupSnapshotClasses, {})),
      when(kinds.has('pods') || hasVolumes, () => inVelero('velero.io', 'podvolumebackups', backupLabel)),
      when(kinds.has('secrets'), () => namesOf(accountResource)),
    ])
  return {
    backup: admission.backup,
    pluginConfigs: { ...byAction(configs), ...askedConfigs(askedBy(admission.restore.annotations), namespace) },
    storageClasses: names(classes),
    volumeSnapshotClasses: snapshotClasses,
    volumeGroupSnapshotClasses: groupClasses,
    podVolumeBackups,
    ...(veleroImage === undefined ? {} : { veleroImage }),
    existingClaims: claims.map((claim) => `${claim.metadata.namespace}/${claim.metadata.name}`),
    serviceAccounts: byNamespace(accounts),
    dataUploadResults: [],
  }
}

/** The ConfigMaps of each item action: a label has the action's name as its key and the kind of plugin as its value. */
function byAction(configMaps: readonly Manifest[]): Record<string, Manifest[]> {
  const found: Record<string, Manifest[]> = {}
  for (const configMap of configMaps) {
    for (const [label, value] of Object.entries(configMap.metadata.labels ?? {})) {
      if (value === 'RestoreItemAction') (found[label] ??= []).push(configMap)
    }
  }
  return found
}

function byNamespace(objects: readonly Manifest[]): Record<string, string[]> {
  const found: Record<string, string[]> = {}
  for (const { metadata } of objects) (found[metadata.namespace ?? ''] ??= []).push(metadata.name)
  return found
}

async function imageOfVelero(cluster: Cluster, namespace: string): Promise<string | undefined> {
  const deployment = await cluster.get({
    group: 'apps',
    version: 'v1',
    resource: 'deployments',
    namespace,
    name: 'velero',
  })
  const spec = deployment?.['spec'] as { template?: { spec?: { containers?: { image?: string }[] } } } | undefined
  return spec?.template?.spec?.containers?.[0]?.image
}

function names(objects: readonly Manifest[]): string[] {
  return objects.map((object) => object.metadata.name).sort()
}

/** A gzipped JSON list of objects of the backup, any field of which may be missing; empty where there is no such file. */
async function readList<T extends object>(store: ObjectStore, key: string, problem: string): Promise<Partial<T>[]> {
  const bytes = await store.get(key)
  if (bytes === undefined) return []
  let list: unknown
  try {
    list = JSON.parse(await inflateText(bytes, fileBytesMax)) ?? []
  } catch {
    throw fatal(`${problem}: ${key} is no gzipped JSON list`)
  }
  const entries: unknown[] | undefined = Array.isArray(list) ? list.filter((entry) => entry !== null) : undefined
  if (entries === undefined || entries.some((entry) => typeof entry !== 'object' || Array.isArray(entry)))
    throw fatal(`${problem}: ${key} is no gzipped JSON list of objects`)
  return entries as Partial<T>[]
}
