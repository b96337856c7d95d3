import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { cachedFolder, copyFromGoModule } from '../tools/cached-folder.ts'
import type { Home } from '../home.ts'
import { launch } from '../processes/launch.ts'
import type { ClusterAddress } from '../stack-types.ts'
import { tools } from '../tools/tools.ts'
import { withClient } from '../with-client.ts'

/** Starts kwok with two nodes. Every pod on them soon reports that it runs; there is no machine behind it. */
export async function startKwok(home: Home, cluster: ClusterAddress): Promise<void> {
  const stages = await kwokStages(home)
  await withClient(cluster, async (client) => {
    await Promise.all(nodes.map((name) => client.must('POST', '/api/v1/nodes', nodeOf(name))))
    await launch(home, {
      name: 'kwok',
      binary: await home.tool('kwok'),
      args: [
        `--kubeconfig=${cluster.kubeconfig}`,
        '--manage-all-nodes=true',
        '--node-lease-duration-seconds=40',
        ...stages.map((path) => `--config=${path}`),
      ],
      address: nodes.join(','),
      ready: async () => {
        const answers = await Promise.all(nodes.map((name) => client.must('GET', `/api/v1/nodes/${name}`)))
        return answers.every((answer) => isNodeReady(answer.body))
      },
    })
  })
}

/** Named as in the cluster of the recorded backups. */
const nodes = ['node-a', 'node-b']

/** The files with the stages of nodes and pods. They are in kwok's Go module and not in its binary; the cache keeps them. */
export async function kwokStages(home: Pick<Home, 'dir' | 'report' | 'signal'>): Promise<string[]> {
  const { version } = tools.kwok
  const dir = await cachedFolder(`kwok-stages-${version}`, async (aside) => {
    home.report(`kwok: taking its stages from its Go module ${version}, usually a few seconds`)
    const folders = ['node/fast', 'node/heartbeat-with-lease', 'pod/fast'].map((name) => `kustomize/stage/${name}`)
    await copyFromGoModule(`sigs.k8s.io/kwok@${version}`, folders, { to: aside, cwd: home.dir, signal: home.signal })
  })
  const files = await readdir(dir)
  return files.filter((file) => /^(node|pod)-.*\.yaml$/.test(file)).map((file) => join(dir, file))
}

function nodeOf(name: string): object {
  const labels = { 'kubernetes.io/hostname': name, 'kubernetes.io/os': 'linux', 'kubernetes.io/arch': 'amd64' }
  const size = { cpu: '32', memory: '256Gi', pods: '110' }
  return {
    metadata: { name, labels, annotations: { 'kwok.x-k8s.io/node': 'fake' } },
    status: { allocatable: size, capacity: size },
  }
}

function isNodeReady(node: unknown): boolean {
  const { status } = node as { status?: { conditions?: { type: string; status: string }[] } }
  return (status?.conditions ?? []).some((condition) => condition.type === 'Ready' && condition.status === 'True')
}
