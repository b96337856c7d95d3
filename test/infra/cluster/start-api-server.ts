import { setTimeout as sleep } from 'node:timers/promises'
import { inject } from 'vitest'
import { endProcess } from '../../../devstack/processes/end-process.ts'
import { openHome } from '../../../devstack/home.ts'
import { launchApiServer } from '../../../devstack/services/kube-apiserver.ts'
import { borrowCluster } from '../../kit/clusters/cluster-pool.ts'
import { whenFileIsOver } from '../../kit/run/clean-up.ts'

export interface ApiServer {
  kubeconfig: string
  port: number
  /** A folder for files of the test. */
  directory: string
  /** Of a user who may do everything, and of `drydock-readonly`, who may do nothing. */
  tokens: { admin: string; readonly: string }
  /** Kills the API server and starts it again on its port. */
  restart(downMs?: number): Promise<void>
}

/** Borrows a real kube-apiserver, with Velero's resources and the namespace `velero`, until the test file is over. */
export async function startApiServer(): Promise<ApiServer> {
  const { cluster, prefix, giveBack, discard } = await borrowCluster(inject('clusters'))
  const { kubeconfig, kubeUrl, tokens, etcd, dir } = cluster
  const port = Number(new URL(kubeUrl).port)
  let isAsBefore = true
  whenFileIsOver(({ hasPassed }) => (hasPassed && isAsBefore ? giveBack() : discard()))
  return {
    kubeconfig,
    port,
    directory: dir,
    tokens,
    async restart(downMs = 0) {
      isAsBefore = false
      const home = openHome(dir)
      const running = home.state.services['kube-apiserver']
      if (running !== undefined) await endProcess(running)
      await sleep(downMs)
      await launchApiServer(home, { port, tokens }, { etcd, etcdPrefix: prefix, lean: true })
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
