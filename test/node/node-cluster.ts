import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { makeBucket, openBucket } from '../../devstack/bucket.ts'
import { addBackups } from '../../devstack/cluster/cluster-setup.ts'
import type { KubeClient } from '../../devstack/cluster/kube-client.ts'
import { startCluster } from '../../devstack/cluster.ts'
import { openHome, type Home } from '../../devstack/home.ts'
import { endProcess } from '../../devstack/processes/end-process.ts'
import { drydockVeleroFlags, runVelero, startVelero } from '../../devstack/services/velero.ts'
import type { Cluster } from '../../devstack/stack-types.ts'
import { startVersitygw } from '../../devstack/services/versitygw.ts'
import { withClient } from '../../devstack/with-client.ts'
import { createPodExec } from '../../infra/cluster/exec.ts'
import { whenFileIsOver } from '../kit/run/clean-up.ts'
import { ownDir, removeOwn } from '../kit/run/sweep.ts'
import { theStack, type TestCluster } from '../kit/stack.ts'
import { velero } from '../kit/velero/velero-cli.ts'
import { waitUntil } from '../kit/wait-until.ts'
import { startProvisioner } from '../velero-e2e/provisioner.ts'

/** A cluster with a real node, on which Velero's node agent runs; its server runs beside it and leaves restores alone. */
export interface NodeCluster extends TestCluster {
  home: Home
  /** The folder with a folder for each dynamic volume, by the name of its PersistentVolume. */
  volumes: string
}

/** What a worker beside it is told: the Deployment of Velero's server has no pod. */
export const besideVelero = { DRYDOCK_VELERO_CONTROLLERS: 'off', DRYDOCK_WITHOUT_VELERO: 'present' }

/** Starts one, until the test file is over. */
export async function startNodeCluster(): Promise<NodeCluster> {
  const dir = ownDir()
  whenFileIsOver(() => removeOwn(dir))
  const { etcd, temporal } = theStack()
  const services = ['controllerManager', 'scheduler', 'node'] as const
  const cluster = await startCluster({
    dir,
    with: services,
    lean: true,
    audit: true,
    etcd: { address: etcd, prefix: `/node-${process.pid}` },
    report: console.error,
  })
  const home = openHome(dir, { report: console.error })
  const s3 = await startVersitygw(home, undefined, home.state.node?.gateway)
  const bucket = openBucket(s3)
  await makeBucket(bucket, s3.bucket)
  bucket.destroy()
  const volumes = join(dir, 'volumes')
  mkdirSync(volumes)
  await withClient(cluster, async (client) => {
    await addBackups(client, { namespace: cluster.veleroNamespace, location: { s3 }, backups: [] })
    await client.must('POST', '/apis/storage.k8s.io/v1/storageclasses', storageClass)
    await installNodeAgent(client, cluster)
  })
  const provisioner = startProvisioner(cluster, console.error, volumes)
  whenFileIsOver(() => provisioner.stop())
  await startVelero(home, cluster)
  await withClient(cluster, (client) => nodeAgentIsReady(client, cluster.veleroNamespace))
  return { ...cluster, home, volumes, s3, prefix: '', temporal }
}

/** Volumes of it go with their claims. */
const storageClass = {
  metadata: { name: 'local' },
  provisioner: 'rancher.io/local-path',
  reclaimPolicy: 'Delete',
  volumeBindingMode: 'WaitForFirstConsumer',
}

const config = 'node-agent-config'

/** The node agent as `velero install` sets it up. By default it moves one volume at a time. */
async function installNodeAgent(client: KubeClient, cluster: Cluster): Promise<void> {
  const namespace = cluster.veleroNamespace
  await client.must('POST', `/api/v1/namespaces/${namespace}/configmaps`, {
    metadata: { name: config },
    data: { 'config.json': '{"loadConcurrency":{"globalConfig":4}}' },
  })
  for (const object of await installed(cluster)) {
    const folder = folders[object.kind]
    if (folder !== undefined) await client.must('POST', folder.replace('NAMESPACE', namespace), object)
  }
}

const folders: Readonly<Record<string, string>> = {
  ClusterRoleBinding: '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings',
  ServiceAccount: '/api/v1/namespaces/NAMESPACE/serviceaccounts',
  DaemonSet: '/apis/apps/v1/namespaces/NAMESPACE/daemonsets',
}

async function installed(cluster: Cluster): Promise<{ kind: string }[]> {
  const args = ['install', '--dry-run', '-o', 'json', '--namespace', cluster.veleroNamespace, '--use-node-agent']
  const without = ['--no-secret', '--no-default-backup-location', '--use-volume-snapshots=false']
  const { code, stdout, stderr } = await velero(cluster, ...args, ...without, '--node-agent-configmap', config)
  if (code !== 0) throw new Error(`velero install: ${stderr}`)
  return (JSON.parse(stdout) as { items: { kind: string }[] }).items
}

/** Has Velero's own server restore, while no worker runs. */
export async function whileVeleroRestores(cluster: NodeCluster, act: () => Promise<void>): Promise<void> {
  await startVeleroAnew(cluster, [])
  try {
    await act()
  } finally {
    await startVeleroAnew(cluster, drydockVeleroFlags)
  }
}

async function startVeleroAnew(cluster: NodeCluster, flags: readonly string[]): Promise<void> {
  const running = cluster.home.state.services['velero']
  if (running !== undefined) await endProcess(running)
  await runVelero(cluster.home, cluster, flags)
}

async function nodeAgentIsReady(client: KubeClient, namespace: string): Promise<void> {
  await waitUntil(
    async () => {
      const { body } = await client.must('GET', `/apis/apps/v1/namespaces/${namespace}/daemonsets/node-agent`)
      return ((body as { status?: { numberReady?: number } }).status?.numberReady ?? 0) > 0
    },
    120_000,
    'the node agent to be ready',
  )
}

/** Runs a script in a pod and returns what it prints; one that fails is thrown. By the exec of the worker, which runs hooks. */
export async function inPod(
  cluster: TestCluster,
  { namespace, pod, container }: { namespace: string; pod: string; container: string },
  script: string,
): Promise<string> {
  const exec = createPodExec({ kubeconfig: cluster.kubeconfig })
  const command = { namespace, pod, container, command: ['/bin/sh', '-ec', script] }
  const answer = await exec.run(command, { timeoutMs: 120_000, signal: AbortSignal.timeout(150_000) })
  if (answer.do === 'ended' && answer.problem === '') return answer.stdout
  throw new Error(`${script}: ${JSON.stringify(answer)}`)
}
