import { openKubeClient } from '../../devstack/cluster/kube-client.ts'
import type { ClusterAddress } from '../../devstack/stack-types.ts'

/** Requests by resource and verb, such as `secrets POST`. */
export type CallCounts = Record<string, number>

/** Reads the API server's own count of the requests that it has answered. */
export async function readCalls(cluster: ClusterAddress): Promise<CallCounts> {
  const client = openKubeClient({ url: cluster.kubeUrl, ca: cluster.kubeCa, token: cluster.tokens.admin })
  try {
    return parseCalls(String((await client.must('GET', '/metrics')).body))
  } finally {
    await client.close()
  }
}

/** Sums the metric `apiserver_request_total` by resource and verb. */
export function parseCalls(metrics: string): CallCounts {
  const counts: CallCounts = {}
  for (const [, labels = '', value = ''] of metrics.matchAll(/^apiserver_request_total\{(.*)\} (\S+)$/gm)) {
    const label = (name: string) => new RegExp(`\\b${name}="([^"]*)"`).exec(labels)?.[1] ?? ''
    const key = `${label('resource')} ${label('verb')}`
    counts[key] = (counts[key] ?? 0) + Number(value)
  }
  return counts
}

/** The requests between two readings about some resources, by verb. Watches are left out: they are counted at their end only. */
export function callsBetween(
  before: CallCounts,
  after: CallCounts,
  resources: readonly string[],
): Record<string, number> {
  const calls: Record<string, number> = {}
  for (const [key, count] of Object.entries(after)) {
    const [resource = '', verb = ''] = key.split(' ')
    const grown = count - (before[key] ?? 0)
    if (grown > 0 && verb !== 'WATCH' && resources.includes(resource)) calls[verb] = (calls[verb] ?? 0) + grown
  }
  return calls
}
