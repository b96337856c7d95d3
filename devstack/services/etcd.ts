import { onFreePorts } from '../processes/free-ports.ts'
import type { Home } from '../home.ts'
import { launch } from '../processes/launch.ts'

/** How etcd is started. */
export interface EtcdOptions {
  /** On one processor, as a lean API server. */
  lean?: boolean
}

/** Starts etcd and returns its address. It never waits for the disk, since nobody needs a stack after a crash of the machine. */
export async function startEtcd(home: Home, options: EtcdOptions = {}): Promise<string> {
  return onFreePorts(2, (ports) => launchEtcd(home, ports, options))
}

/** The same on two given ports. */
export async function launchEtcd(
  home: Home,
  [client, peer]: readonly number[],
  { lean = false }: EtcdOptions = {},
): Promise<string> {
  const address = `http://127.0.0.1:${client}`
  const peers = `http://127.0.0.1:${peer}`
  await launch(home, {
    name: 'etcd',
    binary: await home.tool('etcd'),
    args: [
      `--data-dir=${home.folder('etcd')}`,
      `--listen-client-urls=${address}`,
      `--advertise-client-urls=${address}`,
      `--listen-peer-urls=${peers}`,
      `--initial-advertise-peer-urls=${peers}`,
      `--initial-cluster=default=${peers}`,
      '--heartbeat-interval=100',
      '--election-timeout=500',
      '--unsafe-no-fsync',
      '--log-level=warn',
    ],
    ...(lean ? { env: { GOMAXPROCS: '1' } } : {}),
    address,
    ready: async () => (await fetch(`${address}/health`)).ok,
  })
  return address
}
