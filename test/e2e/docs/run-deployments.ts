import { setTimeout as sleep } from 'node:timers/promises'
import { openHome } from '../../../devstack/home.ts'
import { runVelero } from '../../../devstack/services/velero.ts'
import { endProcess } from '../../../devstack/processes/end-process.ts'
import type { Manifest } from '../../../velero/manifest.ts'
import { withAdmin } from '../../kit/restores.ts'
import { whenFileIsOver } from '../../kit/run/clean-up.ts'
import type { TestCluster } from '../../kit/stack.ts'
import { startWorker } from '../../kit/worker.ts'

/** A process that stands for the pods of a Deployment. */
interface Pod {
  /** The arguments that it runs with, as one text. */
  runs: string
  stop(): Promise<unknown>
}

interface Deployment extends Manifest {
  metadata: Manifest['metadata'] & { generation?: number }
  spec: { template: { spec: { containers: { args?: string[] }[] } } }
}

/** What runs beside the cluster for a Deployment of that name. */
type Kinds = Readonly<Record<string, (args: readonly string[]) => Promise<Pod>>>

const pauseMs = 300

/**
 * The cluster of a test has no nodes. This runs beside it what Deployments `velero` and `drydock` ask for, a real server with the
 * arguments of its Deployment and a real worker, starts the server again where its arguments change, and writes what a cluster
 * would write into their status. It ends with the test file. What goes wrong is thrown by the returned function.
 */
export function runDeployments(cluster: TestCluster): () => void {
  let isOver = false
  let fault: unknown
  const kinds: Kinds = { velero: (args) => veleroPod(cluster, args), drydock: () => workerPod(cluster) }
  const pods = new Map<string, Pod>()
  const rounds = (async () => {
    while (!isOver) {
      for (const name of Object.keys(kinds)) await attend(cluster, name, kinds, pods)
      await sleep(pauseMs)
    }
  })().catch((thrown: unknown) => (fault = thrown))
  whenFileIsOver(async () => {
    isOver = true
    await rounds
    for (const pod of pods.values()) await pod.stop()
  })
  return () => {
    if (fault !== undefined) throw fault
  }
}

/** Brings what runs into line with what the Deployment asks for. */
async function attend(cluster: TestCluster, name: string, kinds: Kinds, pods: Map<string, Pod>): Promise<void> {
  const deployment = await readDeployment(cluster, name)
  const [container] = deployment?.spec.template.spec.containers ?? []
  const wanted = container === undefined ? undefined : (container.args ?? [])
  const runs = pods.get(name)
  if (runs !== undefined && runs.runs !== wanted?.join(' ')) {
    await runs.stop()
    pods.delete(name)
  }
  if (wanted === undefined || deployment === undefined) return
  if (!pods.has(name)) pods.set(name, (await kinds[name]?.(wanted)) as Pod)
  await writeStatus(cluster, deployment)
}

async function veleroPod(cluster: TestCluster, args: readonly string[]): Promise<Pod> {
  const home = openHome(cluster.dir)
  await runVelero(
    home,
    cluster,
    args.filter((word) => word !== 'server' && !word.startsWith('--features')),
  )
  const server = home.state.services['velero']
  return { runs: args.join(' '), stop: async () => server !== undefined && (await endProcess(server)) }
}

async function workerPod(cluster: TestCluster): Promise<Pod> {
  const worker = await startWorker(cluster)
  return { runs: '', stop: () => worker.stop() }
}

const path = ({ veleroNamespace }: TestCluster, name: string) =>
  `/apis/apps/v1/namespaces/${veleroNamespace}/deployments/${name}`

async function readDeployment(cluster: TestCluster, name: string): Promise<Deployment | undefined> {
  return withAdmin(cluster, async (admin) => {
    const answer = await admin.request('GET', path(cluster, name))
    return answer.status === 200 ? (answer.body as Deployment) : undefined
  })
}

/** One pod, ready, of the newest generation. */
async function writeStatus(cluster: TestCluster, { metadata, ...rest }: Deployment): Promise<void> {
  const generation = metadata.generation ?? 0
  if ((rest['status'] as { observedGeneration?: number } | undefined)?.observedGeneration === generation) return
  const { replicas } = rest.spec as { replicas?: number }
  const count = replicas ?? 1
  const counts = { replicas: count, updatedReplicas: count, readyReplicas: count, availableReplicas: count }
  const status = { observedGeneration: generation, ...counts }
  await withAdmin(cluster, (admin) =>
    admin.request('PATCH', `${path(cluster, metadata.name)}/status`, { status }, 'application/merge-patch+json'),
  )
}
