import { openKubeClient } from '../../../devstack/cluster/kube-client.ts'
import type { KubeClient } from '../../../devstack/cluster/kube-client.ts'
import type { ClusterAddress } from '../../../devstack/stack-types.ts'

/** Something that the cluster lacks, done by this process. */
export interface StandIn {
  /** Ends it: nothing moves any more. */
  stop: () => Promise<void>
}

/** What a stand-in does, and how often. */
export interface Rounds {
  round: (client: KubeClient) => Promise<void>
  /** How long it waits between two rounds. */
  pauseMs: number
  report?: (line: string) => void
}

/** Runs one round after the other, as the cluster's administrator, until it is stopped. A round that fails is reported; the next one tries again. */
export function repeat(
  name: string,
  cluster: ClusterAddress,
  { round, pauseMs, report = console.error }: Rounds,
): StandIn {
  const client = openKubeClient({ url: cluster.kubeUrl, ca: cluster.kubeCa, token: cluster.tokens.admin })
  const over = new AbortController()
  const loop = (async () => {
    while (!over.signal.aborted) {
      await round(client).catch((error: unknown) => {
        if (!over.signal.aborted) report(`${name}: ${error instanceof Error ? error.message : String(error)}`)
      })
      await new Promise((resolve) => setTimeout(resolve, pauseMs))
    }
    await client.close()
  })()
  return {
    stop: () => {
      over.abort()
      return loop
    },
  }
}
