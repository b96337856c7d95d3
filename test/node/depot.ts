import { join } from 'node:path'
import type { KubeClient } from '../../devstack/cluster/kube-client.ts'
import { boxImage } from '../../devstack/node/node-images.ts'
import { nodeFolder } from '../../devstack/node/start-node.ts'
import { withAdmin } from '../kit/restores.ts'
import { velero } from '../kit/velero/velero-cli.ts'
import { waitUntil } from '../kit/wait-until.ts'
import { fileTree, linkedFiles } from './file-tree.ts'
import { inPod, type NodeCluster } from './node-cluster.ts'

export const depot = 'depot'
/** Files of one line; a restore of so many takes a minute. */
export const smallFiles = 10_000

/** A pod of the application that runs. */
export interface DepotPod {
  namespace: string
  pod: string
  container: string
  uid: string
}

/** What its two volumes hold, path by path. */
export interface DepotFiles {
  /** In a volume that was made on demand. */
  stock: Record<string, string>
  /** In an empty folder of the pod. */
  scratch: Record<string, string>
  /** Of the first one: files with more names than one. */
  linked: string[]
}

/** Makes the application and fills its volumes. */
export async function makeDepot(cluster: NodeCluster): Promise<void> {
  await withAdmin(cluster, async (admin) => {
    await admin.must('POST', '/api/v1/namespaces', { metadata: { name: depot } })
    await admin.must('POST', `/api/v1/namespaces/${depot}/persistentvolumeclaims`, claim)
    await admin.must('POST', `/apis/apps/v1/namespaces/${depot}/deployments`, deployment)
  })
  const pod = await readyPod(cluster, depot)
  await inPod(cluster, pod, fill)
  await keepVolume(cluster)
}

/** Removes most of the small files, for restores that are about something else, and gives one file two names again. */
export async function shrinkDepot(cluster: NodeCluster): Promise<void> {
  await inPod(cluster, await readyPod(cluster, depot), 'cd /stock; rm -rf small/????; ln -f one other')
}

/** Has Velero back up the namespace of the application. Returns what its volumes hold then. */
export async function backUpDepot(cluster: NodeCluster, backup: string): Promise<DepotFiles> {
  const args = ['--include-namespaces', depot, '--default-volumes-to-fs-backup', '--wait']
  const made = await velero(cluster, 'backup', 'create', backup, ...args)
  if (!made.stdout.includes('completed with status: Completed'))
    throw new Error(`the backup failed: ${made.stdout}${made.stderr}`)
  return depotFiles(cluster, depot)
}

const claim = {
  metadata: { name: 'stock' },
  spec: { accessModes: ['ReadWriteOnce'], storageClassName: 'local', resources: { requests: { storage: '1Gi' } } },
}

const appends = (word: string): string => JSON.stringify(['/bin/sh', '-c', `echo ${word} >>/stock/hooks.txt`])

const deployment = {
  metadata: { name: depot },
  spec: {
    selector: { matchLabels: { app: depot } },
    template: {
      metadata: {
        labels: { app: depot },
        annotations: {
          'pre.hook.backup.velero.io/container': 'app',
          'pre.hook.backup.velero.io/command': appends('before'),
          'post.hook.restore.velero.io/container': 'app',
          'post.hook.restore.velero.io/command': appends('after'),
        },
      },
      spec: {
        terminationGracePeriodSeconds: 0,
        containers: [
          {
            name: 'app',
            image: boxImage,
            imagePullPolicy: 'Never',
            command: ['/bin/sh', '-c', 'while :; do sleep 1; done'],
            volumeMounts: [
              { name: 'stock', mountPath: '/stock' },
              { name: 'scratch', mountPath: '/scratch' },
            ],
          },
        ],
        volumes: [
          { name: 'stock', persistentVolumeClaim: { claimName: 'stock' } },
          { name: 'scratch', emptyDir: {} },
        ],
      },
    },
  },
}

/** Bytes for seconds of work, many small files, and every kind of mode, owner and link. */
const fill = `
cd /stock
dd if=/dev/urandom of=blob bs=1M count=150 2>/dev/null
mkdir -p small closed empty
i=0; while [ $i -lt ${smallFiles} ]; do echo "file $i" >small/$i; i=$((i+1)); done
chmod 600 small/7; chmod 4755 small/8; chmod 000 small/9
chown 1000:2000 small/10; chown 12345:54321 closed; chmod 711 closed; chmod 1777 empty
echo both >one; ln one other; ln -s small/11 link; ln -s /no/where dangling; : >nothing
echo odd >'a name with  spaces, "quotes" and ümläuts'
dd if=/dev/urandom of=/scratch/blob bs=1M count=5 2>/dev/null; chmod 640 /scratch/blob; chown 1000:1000 /scratch/blob`

/** Somebody has said that this volume is to stay, though its class says otherwise, and has labelled it. */
async function keepVolume(cluster: NodeCluster): Promise<void> {
  const volume = await volumeOf(cluster, depot)
  const patch = { metadata: { labels: { shelf: 'seven' } }, spec: { persistentVolumeReclaimPolicy: 'Retain' } }
  await withAdmin(cluster, (admin) =>
    admin.must('PATCH', `/api/v1/persistentvolumes/${volume}`, patch, 'application/merge-patch+json'),
  )
}

/** A PersistentVolume, as far as tests look at it. */
export interface Volume {
  metadata: { name: string; labels?: Record<string, string> }
  spec: { persistentVolumeReclaimPolicy: string; claimRef?: object }
}

/** Reads the volume that the claim of the application has. */
export async function readVolume(cluster: NodeCluster, namespace: string): Promise<Volume> {
  const name = await volumeOf(cluster, namespace)
  return withAdmin(
    cluster,
    async (admin) => (await admin.must('GET', `/api/v1/persistentvolumes/${name}`)).body as Volume,
  )
}

/** The name of the volume that the claim of the application has. */
export function volumeOf(cluster: NodeCluster, namespace: string): Promise<string> {
  return withAdmin(cluster, async (admin) => {
    const { body } = await admin.must('GET', `/api/v1/namespaces/${namespace}/persistentvolumeclaims/stock`)
    return (body as { spec: { volumeName?: string } }).spec.volumeName ?? ''
  })
}

/** Waits until the application runs in this namespace. */
export async function readyPod(cluster: NodeCluster, namespace: string): Promise<DepotPod> {
  let found: Pod | undefined
  await withAdmin(cluster, (admin) =>
    waitUntil(
      async () => {
        found = (await podsOf(admin, namespace)).find(isReady)
        return found !== undefined
      },
      120_000,
      `a pod of ${namespace} that is ready`,
    ),
  )
  return { namespace, pod: found?.metadata.name ?? '', container: 'app', uid: found?.metadata.uid ?? '' }
}

export interface Pod {
  metadata: { name: string; uid: string; deletionTimestamp?: string }
  status: { phase: string; conditions?: { type: string; status: string }[] }
}

/** The pods of the application. */
export async function podsOf(admin: KubeClient, namespace: string): Promise<Pod[]> {
  const { body } = await admin.must('GET', `/api/v1/namespaces/${namespace}/pods?labelSelector=app%3D${depot}`)
  return (body as { items: Pod[] }).items
}

const isReady = ({ metadata, status }: Pod): boolean =>
  metadata.deletionTimestamp === undefined &&
  (status.conditions ?? []).some((one) => one.type === 'Ready' && one.status === 'True')

/** What the volumes of the running application hold now, read on the node. */
export async function depotFiles(cluster: NodeCluster, namespace: string): Promise<DepotFiles> {
  const { uid } = await readyPod(cluster, namespace)
  const volumes = join(nodeFolder(cluster.home), 'kubelet/pods', uid, 'volumes')
  const stock = join(cluster.volumes, await volumeOf(cluster, namespace))
  return {
    stock: fileTree(stock),
    linked: linkedFiles(stock),
    scratch: fileTree(join(volumes, 'kubernetes.io~empty-dir/scratch')),
  }
}

/** Deletes a namespace and waits until nothing of it is there. */
export async function deleteNamespace(cluster: NodeCluster, name: string): Promise<void> {
  await withAdmin(cluster, async (admin) => {
    await admin.must('DELETE', `/api/v1/namespaces/${name}`)
    const isGone = async () => (await admin.request('GET', `/api/v1/namespaces/${name}`)).status === 404
    await waitUntil(isGone, 120_000, `the namespace ${name} to go`)
  })
}
