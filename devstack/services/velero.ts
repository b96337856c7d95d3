import { copyFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { addVeleroDeployment } from '../cluster/cluster-setup.ts'
import { isPortFree, onFreePorts, PortTaken } from '../processes/free-ports.ts'
import type { Home } from '../home.ts'
import { launch } from '../processes/launch.ts'
import { withMachineLock } from '../processes/machine-lock.ts'
import { isRunning } from '../processes/process-mark.ts'
import type { Cluster } from '../stack-types.ts'
import { withClient } from '../cluster/kube-client.ts'

/** What a user of Drydock tells Velero's server: to leave restores alone. */
export const drydockVeleroFlags: readonly string[] = [
  '--disable-controllers=restore,restore-operations,restore-finalizer',
]

/**
 * Starts Velero's server beside the cluster. Its plugins look for the Deployment that it would run in, whose arguments
 * are the server's own, so that whoever reads them learns the truth. The server also listens on :8080, which no flag changes.
 */
export async function startVelero(home: Home, cluster: Cluster, flags = drydockVeleroFlags): Promise<void> {
  const plugins = await pluginFolder(home)
  const args = [`--plugin-dir=${plugins}`, ...flags]
  const onWait = (pid: number) => home.report(`Velero: waiting for the server that process ${pid} starts`)
  await withClient(cluster, (client) => addVeleroDeployment(client, cluster.veleroNamespace, ['server', ...flags]))
  await withMachineLock(oneAtATime, { signal: home.signal, onWait }, () =>
    onFreePorts(2, async (ports) => {
      await untilAlone(home)
      await launchVelero(home, cluster, { args, ports })
      await untilListening(home)
    }),
  )
}

async function launchVelero(
  home: Home,
  cluster: Cluster,
  { args, ports: [metrics, profiler] }: { args: readonly string[]; ports: readonly number[] },
): Promise<void> {
  await launch(home, {
    name: 'velero',
    binary: await home.tool('velero'),
    // Velero hands everything after the first argument to its plugins, so `server` has to be the first.
    args: ['server', `--metrics-address=127.0.0.1:${metrics}`, `--profiler-address=127.0.0.1:${profiler}`, ...args],
    env: {
      KUBECONFIG: cluster.kubeconfig,
      VELERO_NAMESPACE: cluster.veleroNamespace,
      TMPDIR: home.folder('velero/tmp'),
    },
    address: `http://127.0.0.1:${metrics}/metrics`,
    ready: async () => (await fetch(`http://127.0.0.1:${metrics}/metrics`)).ok,
  })
}

/** Velero runs whatever it finds in there, so there is nothing but the one plugin; a link is not taken for a program. */
async function pluginFolder(home: Home): Promise<string> {
  const folder = home.folder('velero/plugins')
  await copyFile(await home.tool('velero-plugin-for-aws'), join(folder, 'velero-plugin-for-aws'))
  return folder
}

/** A second server on one machine would come up, find its port taken and end: it waits for the first one to end. */
async function untilAlone(home: Home): Promise<void> {
  const deadline = Date.now() + aloneSecondsMax * 1000
  for (let told = false; !(await isPortFree(veleroOwnPort)); told = true) {
    home.signal.throwIfAborted()
    if (!told) home.report(`Velero: waiting for another server to end, which listens on :${veleroOwnPort}`)
    if (Date.now() > deadline)
      throw new Error(`Velero's server needs :${veleroOwnPort}, on which somebody else listens`)
    await sleep(250 + Math.random() * 250)
  }
}

/** Whoever starts the next one sees by this port that it is not alone. */
async function untilListening(home: Home): Promise<void> {
  const deadline = Date.now() + listenSecondsMax * 1000
  while (await isPortFree(veleroOwnPort)) {
    home.signal.throwIfAborted()
    const server = home.state.services['velero']
    if (server !== undefined && !isRunning(server)) throw new PortTaken(`Velero's server ended: its log says why`)
    if (Date.now() > deadline) throw new Error(`Velero's server does not listen on :${veleroOwnPort}: its log says why`)
    await sleep(50)
  }
}

const veleroOwnPort = 8080
/** In one place for the whole machine, as the port is, whatever TMPDIR says. */
const oneAtATime = `/tmp/drydock-velero-${veleroOwnPort}.lock`
const aloneSecondsMax = 800
const listenSecondsMax = 60
