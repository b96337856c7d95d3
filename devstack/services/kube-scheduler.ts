import { freePort } from '../free-ports.ts'
import type { Home } from '../home.ts'
import { launch } from '../launch.ts'
import type { ClusterAddress } from '../stack-types.ts'
import { answersOk } from './answers-ok.ts'
import { join } from 'node:path'

/** Starts the scheduler, so that pods get nodes. */
export async function startScheduler(home: Home, cluster: ClusterAddress): Promise<void> {
  const folder = home.folder('kube-scheduler')
  const url = `https://127.0.0.1:${await freePort()}`
  await launch(home, {
    name: 'kube-scheduler',
    binary: await home.tool('kube-scheduler'),
    args: [
      `--kubeconfig=${cluster.kubeconfig}`,
      `--cert-dir=${folder}`,
      '--bind-address=127.0.0.1',
      `--secure-port=${new URL(url).port}`,
      '--leader-elect=false',
    ],
    address: url,
    ready: () => answersOk({ url: `${url}/healthz`, certificate: join(folder, 'kube-scheduler.crt') }),
  })
}
