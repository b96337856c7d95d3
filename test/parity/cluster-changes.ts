import type { ClusterDump, DumpedObject } from './dump-cluster.ts'

/** What a restore changed in a cluster: objects as they are after it, and null for those that are gone. */
export type ClusterChanges = Record<string, DumpedObject | null>

/** The difference of two dumps. What an API server makes of itself is in both and drops out. */
export function clusterChanges(before: ClusterDump, after: ClusterDump): ClusterChanges {
  const gone = Object.keys(before).filter((key) => !(key in after))
  const changed = Object.entries(after).filter(([key, object]) => textOf(before[key]) !== textOf(object))
  return Object.fromEntries([...gone.map((key) => [key, null] as const), ...changed])
}

/** Keys come in the server's order, which is the same in both dumps of one cluster; recorded ones are sorted. */
function textOf(object: DumpedObject | undefined): string {
  return JSON.stringify(object)
}
