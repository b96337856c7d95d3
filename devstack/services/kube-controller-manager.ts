import { join } from 'node:path'
import { onFreePorts } from '../processes/free-ports.ts'
import type { Home } from '../home.ts'
import { launch } from '../processes/launch.ts'
import type { ClusterAddress } from '../stack-types.ts'
import { answersOk } from './answers-ok.ts'

/**
 * Starts Kubernetes' own controllers: they collect garbage, remove namespaces, and create the pods of Deployments. `controllers` names
 * those that are wanted, with commas, as the flag of the same name does; without it all.
 */
export async function startControllerManager(home: Home, cluster: ClusterAddress, controllers = '*'): Promise<void> {
  await onFreePorts(1, ([port = 0]) => launchControllerManager(home, cluster, { port, controllers }))
}

async function launchControllerManager(
  home: Home,
  cluster: ClusterAddress,
  { port, controllers }: { port: number; controllers: string },
): Promise<void> {
  const folder = home.folder('kube-controller-manager')
  const url = `https://127.0.0.1:${port}`
  await launch(home, {
    name: 'kube-controller-manager',
    binary: await home.tool('kube-controller-manager'),
    args: [
      `--kubeconfig=${cluster.kubeconfig}`,
      `--cert-dir=${folder}`,
      '--bind-address=127.0.0.1',
      `--secure-port=${port}`,
      '--leader-elect=false',
      `--controllers=${controllers}`,
      `--service-account-private-key-file=${join(home.folder('kube-apiserver'), 'sa.key')}`,
      `--root-ca-file=${join(home.folder('kube-apiserver'), 'apiserver.crt')}`,
    ],
    address: url,
    ready: () => answersOk({ url: `${url}/healthz`, certificate: join(folder, 'kube-controller-manager.crt') }),
  })
}
