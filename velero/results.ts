/**
 * Messages of one severity: of Velero itself, of the cluster, and by namespace. Empty parts are absent. Source:
 * pkg/util/results/result.go.
 */
export interface Result {
  velero?: string[]
  cluster?: string[]
  namespaces?: Record<string, string[]>
}

/** The content of `restore-<name>-results.gz`. */
export interface Results {
  errors: Result
  warnings: Result
}

/** What became of an item, in the words of the resource list. */
export type ItemAction = 'created' | 'updated' | 'skipped' | 'failed'

/** The content of `restore-<name>-resource-list.json.gz`: `v1/Pod` → `["shop/web(created)"]`, sorted. */
export type ResourceList = Record<string, string[]>

/** How many messages a result holds, in all its parts. */
export function countMessages(result: Result): number {
  const inNamespaces = Object.values(result.namespaces ?? {}).reduce((sum, messages) => sum + messages.length, 0)
  return (result.velero?.length ?? 0) + (result.cluster?.length ?? 0) + inNamespaces
}

/** All messages of a result, in the order of its parts. */
export function messagesOf({ velero = [], cluster = [], namespaces = {} }: Result): string[] {
  return [...velero, ...cluster, ...Object.values(namespaces).flat()]
}
