import { onFreePorts } from '../processes/free-ports.ts'
import type { Home } from '../home.ts'
import { launch } from '../processes/launch.ts'
import type { ClusterAddress } from '../stack-types.ts'
import { answersOk } from './answers-ok.ts'
import { join } from 'node:path'

/** Starts the scheduler, so that pods get nodes. */
export async function startScheduler(home: Home, cluster: ClusterAddress): Promise<void> {
  await onFreePorts(1, ([port = 0]) => launchScheduler(home, cluster, port))
}

async function launchScheduler(home: Home, cluster: ClusterAddress, port: number): Promise<void> {
  const folder = home.folder('kube-scheduler')
  const url = `https://127.0.0.1:${port}`
  await launch(home, {
    name: 'kube-scheduler',
    binary: await home.tool('kube-scheduler'),
    args: [
      `--kubeconfig=${cluster.kubeconfig}`,
      `--cert-dir=${folder}`,
      '--bind-address=127.0.0.1',
      `--secure-port=${port}`,
      '--leader-elect=false',
    ],
    address: url,
    ready: () => answersOk({ url: `${url}/healthz`, certificate: join(folder, 'kube-scheduler.crt') }),
  })
}
