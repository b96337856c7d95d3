import { onFreePorts } from '../processes/free-ports.ts'
import type { Home } from '../home.ts'
import { launch } from '../processes/launch.ts'

/** Starts etcd and returns its address. It never waits for the disk, since nobody needs a stack after a crash of the machine. */
export async function startEtcd(home: Home): Promise<string> {
  return onFreePorts(2, (ports) => launchEtcd(home, ports))
}

/** The same on two given ports. */
export async function launchEtcd(home: Home, [client, peer]: readonly number[]): Promise<string> {
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
    address,
    ready: async () => (await fetch(`${address}/health`)).ok,
  })
  return address
}
