import type { Manifest } from '../../velero/manifest.ts'

/**
 * The ServiceAccount of the cluster with what only the backup's has: secrets and pull secrets of new names, labels and
 * annotations of new keys. What is there wins. Source: pkg/restore/merge_service_account.go.
 */
export function mergeServiceAccount(live: Manifest, backedUp: Manifest): Manifest {
  const secrets = mergeByName(live['secrets'], backedUp['secrets'])
  const imagePullSecrets = mergeByName(live['imagePullSecrets'], backedUp['imagePullSecrets'])
  const labels = { ...backedUp.metadata.labels, ...live.metadata.labels }
  const annotations = { ...backedUp.metadata.annotations, ...live.metadata.annotations }
  return {
    ...live,
    metadata: {
      ...live.metadata,
      ...(Object.keys(labels).length > 0 ? { labels } : {}),
      ...(Object.keys(annotations).length > 0 ? { annotations } : {}),
    },
    ...(secrets.length > 0 ? { secrets } : {}),
    ...(imagePullSecrets.length > 0 ? { imagePullSecrets } : {}),
  }
}

function mergeByName(live: unknown, backedUp: unknown): { name?: string }[] {
  const kept = asReferences(live)
  const added = asReferences(backedUp).filter((reference) => !kept.some((known) => known.name === reference.name))
  return [...kept, ...added]
}

function asReferences(value: unknown): { name?: string }[] {
  return Array.isArray(value) ? (value as { name?: string }[]) : []
}
