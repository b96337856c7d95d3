import type { Manifest } from '../../../velero/manifest.ts'
import { withAdmin } from '../restores.ts'
import type { TestCluster } from '../stack.ts'
import { waitUntil } from '../wait-until.ts'

const snapshots = 'snapshot.storage.k8s.io'
const groups = 'groupsnapshot.storage.k8s.io'

/** Where the cluster-scoped kinds of snapshots are read and written. */
export const snapshotPaths = {
  stubs: `/apis/${groups}/v1beta2/volumegroupsnapshotcontents`,
  contents: `/apis/${snapshots}/v1/volumesnapshotcontents`,
} as const

/** Makes the cluster serve the kinds of snapshots, as a cluster with the snapshot controllers does, and waits for that. */
export async function installSnapshotKinds(cluster: TestCluster): Promise<void> {
  await withAdmin(cluster, async (client) => {
    const path = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
    await client.must('POST', path, aDefinition(groups, 'v1beta2', 'VolumeGroupSnapshotContent', 'Cluster'))
    await client.must('POST', path, aDefinition(snapshots, 'v1', 'VolumeSnapshot', 'Namespaced'))
    await client.must('POST', path, aDefinition(snapshots, 'v1', 'VolumeSnapshotContent', 'Cluster'))
    for (const served of [...Object.values(snapshotPaths), `/apis/${snapshots}/v1/volumesnapshots`])
      await waitUntil(
        async () => (await client.request('GET', served)).status === 200,
        30_000,
        `${served} to be served`,
      )
  })
}

/** A definition that accepts anything, as the snapshot controllers' own do for what Velero writes. */
function aDefinition(group: string, version: string, kind: string, scope: 'Cluster' | 'Namespaced') {
  const plural = `${kind.toLowerCase()}s`
  const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } }
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: {
      name: `${plural}.${group}`,
      annotations: { 'api-approved.kubernetes.io': 'https://github.com/kubernetes-csi/external-snapshotter/pull/814' },
    },
    spec: {
      group,
      scope,
      names: { kind, plural, singular: kind.toLowerCase() },
      versions: [{ name: version, served: true, storage: true, schema, subresources: { status: {} } }],
    },
  }
}

/** A snapshot that was taken in a group, as an item of a backup. */
export function aGroupSnapshot(namespace: string, name: string, groupHandle: string): readonly [string, Manifest] {
  const annotations = {
    'velero.io/csi-driver-name': 'd',
    'velero.io/csi-volumesnapshot-handle': `handle-${name}`,
    'velero.io/csi-volumegroupsnapshot-handle': groupHandle,
  }
  return [
    'volumesnapshots.snapshot.storage.k8s.io',
    {
      apiVersion: `${snapshots}/v1`,
      kind: 'VolumeSnapshot',
      metadata: { name, namespace, annotations },
      spec: { source: { persistentVolumeClaimName: name } },
      status: { boundVolumeSnapshotContentName: contentOf(name), readyToUse: true },
    },
  ]
}

/** The same with its content. */
export function aGroupedSnapshot(
  namespace: string,
  name: string,
  groupHandle: string,
): readonly (readonly [string, Manifest])[] {
  return [
    [
      'volumesnapshotcontents.snapshot.storage.k8s.io',
      {
        apiVersion: `${snapshots}/v1`,
        kind: 'VolumeSnapshotContent',
        metadata: { name: contentOf(name) },
        spec: {
          driver: 'd',
          deletionPolicy: 'Retain',
          source: { volumeHandle: `volume-${name}` },
          volumeSnapshotRef: { name, namespace },
        },
        status: { snapshotHandle: `handle-${name}`, readyToUse: true },
      },
    ],
    aGroupSnapshot(namespace, name, groupHandle),
  ]
}

const contentOf = (snapshot: string) => `content-${snapshot}`

/** A stub of a group snapshot as a restore of Velero's, or another one of ours, leaves it. */
export function aStub(name: string, labels: Record<string, string>): Manifest {
  return {
    apiVersion: `${groups}/v1beta2`,
    kind: 'VolumeGroupSnapshotContent',
    metadata: { name, labels },
    spec: {
      driver: 'd',
      deletionPolicy: 'Retain',
      source: { groupSnapshotHandles: { volumeGroupSnapshotHandle: 'g', volumeSnapshotHandles: [] } },
      volumeGroupSnapshotRef: { name: 'g', namespace: 'n' },
    },
  }
}
