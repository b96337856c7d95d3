import { endProcess } from '../../devstack/processes/end-process.ts'
import { freePorts } from '../../devstack/processes/free-ports.ts'
import { openHome } from '../../devstack/home.ts'
import type { Home } from '../../devstack/home.ts'
import { launchEtcd } from '../../devstack/services/etcd.ts'
import { launchApiServer } from '../../devstack/services/kube-apiserver.ts'
import { launchTemporal } from '../../devstack/services/temporal.ts'
import { launchVersitygw } from '../../devstack/services/versitygw.ts'
import type { BucketAddress, Cluster, TemporalAddress } from '../../devstack/stack-types.ts'
import type { ServerName } from './schedule.ts'

/** Servers that nobody else uses, so that they may die. */
export interface OwnServers {
  /** Ends it without a word, as a machine that fails does. */
  kill(server: ServerName): Promise<void>
  /** Starts it again under its address, with what is on its disk, and waits until it answers. */
  startAgain(server: ServerName): Promise<void>
}

/** Where they run: a cluster with an etcd of its own, and the folder of bucket and Temporal. */
export interface OwnPlaces {
  cluster: Cluster
  s3: BucketAddress
  temporal: TemporalAddress
  /** The folder of the last two. */
  dir: string
}

/** The servers of these places, which were started lean and with an audit log. */
export function ownServers({ cluster, s3, temporal, dir }: OwnPlaces): OwnServers {
  const portOf = (address: string) => Number(new URL(address).port)
  const starts: Record<ServerName, (home: Home) => Promise<unknown>> = {
    'kube-apiserver': (home) => {
      const { etcd, tokens, kubeUrl } = cluster
      return launchApiServer(home, { port: portOf(kubeUrl), tokens }, { etcd, audit: true, lean: true })
    },
    // Nobody but itself asks for its other port.
    etcd: async (home) => launchEtcd(home, [portOf(cluster.etcd), ...(await freePorts(1))], { lean: true }),
    versitygw: (home) => launchVersitygw(home, s3),
    temporal: async (home) =>
      launchTemporal(home, [portOf(`http://${temporal.address}`), portOf(temporal.uiUrl), ...(await freePorts(2))]),
  }
  // Opened anew each time: the state on the disk says what runs now.
  const homeOf = (server: ServerName) => openHome(server === 'versitygw' || server === 'temporal' ? dir : cluster.dir)
  // Two deaths of one server come one after the other.
  const downs = new Map<ServerName, number>()
  return {
    async kill(server) {
      const down = (downs.get(server) ?? 0) + 1
      downs.set(server, down)
      const mark = homeOf(server).state.services[server]
      if (down === 1 && mark !== undefined) await endProcess(mark)
    },
    async startAgain(server) {
      const down = (downs.get(server) ?? 1) - 1
      downs.set(server, down)
      if (down === 0) await starts[server](homeOf(server))
    },
  }
}
