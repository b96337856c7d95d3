import { rm } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { startCluster } from '../../../devstack/cluster.ts'
import { endProcess } from '../../../devstack/processes/end-process.ts'
import { openHome } from '../../../devstack/home.ts'
import { launchApiServer } from '../../../devstack/services/kube-apiserver.ts'
import { stopStack } from '../../../devstack/stop-stack.ts'
import { ownDir } from '../../kit/run/sweep.ts'

export interface ApiServer {
  kubeconfig: string
  port: number
  /** A folder for files of the test; it goes with the server. */
  directory: string
  /** Of a user who may do everything, and of `drydock-readonly`, who may do nothing. */
  tokens: { admin: string; readonly: string }
  /** Kills the API server and starts it again on its port. */
  restart(downMs?: number): Promise<void>
  stop(): Promise<void>
}

/** Starts a real etcd and kube-apiserver, with Velero's resources and the namespace `velero`. */
export async function startApiServer(): Promise<ApiServer> {
  const { kubeconfig, kubeUrl, tokens, etcd, dir } = await startCluster({ dir: ownDir() })
  const port = Number(new URL(kubeUrl).port)
  return {
    kubeconfig,
    port,
    directory: dir,
    tokens,
    async restart(downMs = 0) {
      const home = openHome(dir)
      const running = home.state.services['kube-apiserver']
      if (running !== undefined) await endProcess(running)
      await sleep(downMs)
      await launchApiServer(home, { port, tokens }, { etcd })
    },
    async stop() {
      await stopStack(dir)
      await rm(dir, { recursive: true, force: true })
    },
  }
}

/** A kubeconfig for a server on this machine, whatever its certificate says. */
export function kubeconfigOf(port: number, token: string): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'c', cluster: { server: `https://127.0.0.1:${port}`, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'u', user: { token } }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'x',
  })
}
