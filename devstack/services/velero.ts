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
import { withClient } from '../with-client.ts'

/** What a user of Drydock tells Velero's server: to leave restores alone. */
export const drydockVeleroFlags: readonly string[] = [
  '--disable-controllers=restore,restore-operations,restore-finalizer',
]

/**
 * Starts Velero's server beside the cluster. Its plugins look for the Deployment that it would run in, whose arguments
 * are the server's own, so that a program that reads them gets the right answer. The server also listens on :8080; no flag changes that.
 */
export async function startVelero(
  home: Home,
  cluster: Cluster,
  flags = drydockVeleroFlags,
  more: readonly VeleroPlugin[] = [],
): Promise<void> {
  await withClient(cluster, (client) => addVeleroDeployment(client, cluster.veleroNamespace, ['server', ...flags]))
  await runVelero(home, cluster, flags, { plugins: more })
}

/**
 * Starts the server alone: its Deployment is there, or somebody else makes it. `env` is what the Deployment would add to its
 * environment. Throws where the server ends while it starts.
 */
export async function runVelero(
  home: Home,
  cluster: Cluster,
  flags = drydockVeleroFlags,
  more: { plugins?: readonly VeleroPlugin[]; env?: Record<string, string> } = {},
): Promise<void> {
  const plugins = await pluginFolder(home, ['velero-plugin-for-aws', ...(more.plugins ?? [])])
  const args = [`--plugin-dir=${plugins}`, ...flags]
  const onWait = (pid: number) => home.report(`Velero: waiting for the server that process ${pid} starts`)
  await withMachineLock(oneAtATime, { signal: home.signal, onWait }, () =>
    onFreePorts(2, async (ports) => {
      await untilAlone(home)
      await launchVelero(home, cluster, { args, ports, env: more.env ?? {} })
      await untilListening(home)
    }),
  )
}

async function launchVelero(
  home: Home,
  cluster: Cluster,
  {
    args,
    ports: [metrics, profiler],
    env,
  }: { args: readonly string[]; ports: readonly number[]; env: Record<string, string> },
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
      ...env,
    },
    address: `http://127.0.0.1:${metrics}/metrics`,
    ready: async () => (await fetch(`http://127.0.0.1:${metrics}/metrics`)).ok,
  })
}

/** Plugins that a Velero server may get. */
export type VeleroPlugin = 'velero-plugin-for-aws' | 'velero-demo-plugin'

/** Velero runs every program in this folder, so it holds only its plugins. Velero does not follow links. */
async function pluginFolder(home: Home, plugins: readonly VeleroPlugin[]): Promise<string> {
  const folder = home.folder('velero/plugins')
  for (const plugin of plugins) await copyFile(await home.tool(plugin), join(folder, plugin))
  return folder
}

/** Waits until no other Velero server runs on this machine: a second one would start, find its port in use, and end. */
async function untilAlone(home: Home): Promise<void> {
  const deadline = Date.now() + aloneSecondsMax * 1000
  for (let told = false; !(await isPortFree(veleroOwnPort)); told = true) {
    home.signal.throwIfAborted()
    if (!told) home.report(`Velero: waiting for another server to end, which listens on :${veleroOwnPort}`)
    if (Date.now() > deadline)
      throw new Error(`Velero's server needs :${veleroOwnPort}, but another program listens on it`)
    await sleep(250 + Math.random() * 250)
  }
}

/** Waits until the server listens: by this port the next starter sees that a server runs. */
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
/** One place for the whole machine, like the port; TMPDIR does not change it. */
const oneAtATime = `/tmp/drydock-velero-${veleroOwnPort}.lock`
const aloneSecondsMax = 800
const listenSecondsMax = 60
