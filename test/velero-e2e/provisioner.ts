import { chmodSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { KubeClient } from '../../devstack/cluster/kube-client.ts'
import type { ClusterAddress } from '../../devstack/stack-types.ts'
import { repeat } from '../kit/clusters/stand-in.ts'
import type { StandIn } from '../kit/clusters/stand-in.ts'
import { list } from './read-objects.ts'
import type { Found } from './read-objects.ts'

/** What the suite's StorageClasses name: the one of its class `kind`, and the one of `vanilla-zfs`. */
const provisioners = ['rancher.io/local-path', 'zfs.csi.openebs.io']
const provisionedBy = 'pv.kubernetes.io/provisioned-by'
const selectedNode = 'volume.kubernetes.io/selected-node'

/**
 * Stands in for the provisioners of the suite's StorageClasses: as soon as the scheduler has chosen a node for a claim, there is a
 * PersistentVolume for it, and it goes with its claim. Nothing is behind it, unless `folder` names a folder of the node: then each is
 * a folder in there, of the volume's name.
 */
export function startProvisioner(cluster: ClusterAddress, report: (line: string) => void, folder?: string): StandIn {
  return repeat('provisioner', cluster, { round: (client) => round(client, folder), pauseMs: 1000, report })
}

async function round(client: KubeClient, folder?: string): Promise<void> {
  const classes = await list(client, '/apis/storage.k8s.io/v1/storageclasses')
  const ours = new Map(
    classes.filter((of: any) => provisioners.includes(of.provisioner)).map((of) => [of.metadata['name'], of as any]),
  )
  for (const claim of await list(client, '/api/v1/persistentvolumeclaims')) {
    const storageClass = ours.get(claim.spec['storageClassName'])
    if (storageClass !== undefined && isWanted(claim, storageClass)) {
      const volume = volumeFor(claim, storageClass, folder)
      if (folder !== undefined) makeFolder(join(folder, volume.metadata.name))
      const answer = await client.request('POST', '/api/v1/persistentvolumes', volume)
      if (answer.status >= 300 && answer.status !== 409) throw new Error(JSON.stringify(answer.body))
    }
  }
  for (const { metadata, spec, status } of await list(client, '/api/v1/persistentvolumes')) {
    if (!provisioners.includes(metadata['annotations']?.[provisionedBy])) continue
    const isOver = status?.['phase'] === 'Released' && spec['persistentVolumeReclaimPolicy'] === 'Delete'
    if (!isOver || metadata['deletionTimestamp'] !== undefined) continue
    await client.request('DELETE', `/api/v1/persistentvolumes/${metadata['name']}`)
    if (folder !== undefined) rmSync(join(folder, metadata['name']), { recursive: true, force: true })
  }
}

function isWanted({ metadata, spec }: Found, { volumeBindingMode }: { volumeBindingMode: string }): boolean {
  const isPlaced = volumeBindingMode !== 'WaitForFirstConsumer' || metadata['annotations']?.[selectedNode] !== undefined
  return isPlaced && !spec['volumeName'] && metadata['deletionTimestamp'] === undefined
}

/** As a provisioner leaves it: pods of all users may write. */
function makeFolder(path: string): void {
  mkdirSync(path, { recursive: true })
  chmodSync(path, 0o777)
}

function volumeFor(
  { metadata, spec }: Found,
  storageClass: { metadata: Found['metadata'] } & Record<string, any>,
  folder?: string,
) {
  const { name: claim, namespace, uid, resourceVersion, annotations } = metadata
  const name = `pvc-${uid}`
  const node = annotations?.[selectedNode]
  const driver: string = storageClass['provisioner']
  const expression = { key: 'kubernetes.io/hostname', operator: 'In', values: [node] }
  return {
    metadata: { name, annotations: { [provisionedBy]: driver }, finalizers: ['kubernetes.io/pv-protection'] },
    spec: {
      accessModes: spec['accessModes'],
      capacity: { storage: spec['resources'].requests.storage },
      claimRef: { kind: 'PersistentVolumeClaim', apiVersion: 'v1', namespace, name: claim, uid, resourceVersion },
      persistentVolumeReclaimPolicy: storageClass['reclaimPolicy'],
      storageClassName: storageClass.metadata['name'],
      volumeMode: 'Filesystem',
      // Velero takes no file system backup of a hostPath.
      ...(folder === undefined ? sourceOf(driver, name) : { local: { path: join(folder, name) } }),
      ...(node === undefined
        ? {}
        : { nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [expression] }] } } }),
    },
  }
}

function sourceOf(driver: string, name: string): object {
  return driver.includes('.csi.')
    ? { csi: { driver, volumeHandle: name, fsType: 'zfs' } }
    : { hostPath: { path: `/opt/local-path-provisioner/${name}`, type: 'DirectoryOrCreate' } }
}
