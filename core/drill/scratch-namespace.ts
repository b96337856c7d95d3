import type { Manifest } from '../../velero/manifest.ts'
import { drillLabel, drillRestoreLabel, drillRunLabel } from '../../velero/labels.ts'
import { sha256Hex } from '../values/derived-names.ts'
import { fieldsAt, textAt } from '../values/fields.ts'

/** Who a scratch namespace is made for. */
export interface ScratchOwner {
  /** Velero's namespace. */
  namespace: string
  drill: string
  /** The name of the Restore. */
  restore: string
  /** When the drill began; RFC 3339 with milliseconds. */
  at: string
}

/** A label value that no run of another drill has. */
export function runOf({ namespace, drill, restore, at }: ScratchOwner): string {
  return sha256Hex(JSON.stringify([namespace, drill, restore, at])).slice(0, 32)
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
      labels: {
        ...labels,
        [drillLabel]: owner.drill,
        [drillRestoreLabel]: owner.restore,
        [drillRunLabel]: runOf(owner),
      },
      ...(annotations && { annotations }),
    },
  }
}

/** The selector of the scratch namespaces of one run of a drill. */
export function scratchSelector(owner: ScratchOwner): string {
  return `${drillRunLabel}=${runOf(owner)}`
}

/** Whether a namespace that stands there is one that an earlier attempt has made for the same restore. */
export function isScratchOf(standing: Manifest, owner: ScratchOwner): boolean {
  const { labels = {}, deletionTimestamp } = standing.metadata
  return deletionTimestamp === undefined && labels[drillRunLabel] === runOf(owner)
}

/** Why a drill cannot have a scratch namespace of that name, and what to do. */
export function whyTaken(standing: Manifest, { drill }: ScratchOwner): string {
  const { name, labels = {}, deletionTimestamp } = standing.metadata
  const state = deletionTimestamp === undefined ? 'exists already' : 'is being deleted'
  if (labels[drillLabel] !== drill) return `namespace ${name} ${state}: give the drill another prefix`
  return `namespace ${name} ${state}, left by another run of a drill ${drill}: delete it once that run is over (kubectl delete namespace ${name})`
}

/** Whether a PersistentVolume, or a content of a snapshot, is bound to an object in one of these scratch namespaces. */
export function isOfScratch(companion: Manifest, scratch: readonly string[]): boolean {
  const spec = fieldsAt(companion, 'spec')
  return ['claimRef', 'volumeSnapshotRef'].some((ref) => scratch.includes(textAt(spec, ref, 'namespace')))
}
