import type { Manifest } from '../../velero/manifest.ts'
import { drillLabel, drillRestoreLabel } from '../../velero/labels.ts'

/** Who a scratch namespace is made for. */
export interface ScratchOwner {
  drill: string
  /** The name of the Restore. */
  restore: string
}

/**
 * A scratch namespace: with the labels and annotations of the backup's namespace, since admission and networks go by them, and with
 * those that say whose it is.
 */
export function scratchNamespace(name: string, owner: ScratchOwner, original: Manifest | undefined): Manifest {
  const { 'kubernetes.io/metadata.name': _name, ...labels } = original?.metadata?.labels ?? {}
  const annotations = original?.metadata?.annotations
  return {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: {
      name,
      labels: { ...labels, [drillLabel]: owner.drill, [drillRestoreLabel]: owner.restore },
      ...(annotations && { annotations }),
    },
  }
}

/** The selector of the scratch namespaces of one drill's restore. */
export function scratchSelector({ drill, restore }: ScratchOwner): string {
  return `${drillLabel}=${drill},${drillRestoreLabel}=${restore}`
}

/** Whether a namespace that stands there is one that an earlier attempt has made for the same restore. */
export function isScratchOf(standing: Manifest, { drill, restore }: ScratchOwner): boolean {
  const { labels = {}, deletionTimestamp } = standing.metadata
  return deletionTimestamp === undefined && labels[drillLabel] === drill && labels[drillRestoreLabel] === restore
}

/** Why a drill cannot have a scratch namespace of that name, and what to do. */
export function whyTaken(standing: Manifest, { drill }: ScratchOwner): string {
  const { name, labels = {}, deletionTimestamp } = standing.metadata
  const state = deletionTimestamp === undefined ? 'exists already' : 'is being deleted'
  if (labels[drillLabel] !== drill) return `namespace ${name} ${state}: give the drill another prefix`
  return `namespace ${name} ${state}, left by an earlier run of this drill: delete it (kubectl delete namespace ${name})`
}
