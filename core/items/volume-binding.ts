import type { Manifest } from '../../velero/manifest.ts'
import { targetNamespace } from '../filter/namespace-mapping.ts'

const bindAnnotations = ['pv.kubernetes.io/bind-completed', 'pv.kubernetes.io/bound-by-controller']

/** A PV kept without data: bound to its claim's new namespace, by name only. Source: restore.go handleSkippedPVHasRetainPolicy. */
export function rebindVolume(pv: Manifest, namespaceMapping: Record<string, string> | undefined): Manifest {
  const spec = pv['spec'] as { claimRef?: Record<string, unknown> } | undefined
  if (spec?.claimRef === undefined) return withoutBindAnnotations(pv)
  const { uid: _uid, resourceVersion: _version, ...claimRef } = spec.claimRef
  const namespace = claimRef['namespace']
  const rebound =
    typeof namespace === 'string' ? { ...claimRef, namespace: targetNamespace(namespaceMapping, namespace) } : claimRef
  return withoutBindAnnotations({ ...pv, spec: { ...spec, claimRef: rebound } })
}

/**
 * A claim that names a volume loses its binding annotations, and the name too where that volume is provisioned anew.
 * It comes after the item actions: by then the plan knows which volumes are. Source: restore.go restoreItem.
 */
export function unbindClaim(claim: Manifest, provisioned: ReadonlySet<string>): Manifest {
  const spec = claim['spec'] as { volumeName?: string } | undefined
  const volumeName = spec?.volumeName ?? ''
  if (volumeName === '') return claim
  const unbound = withoutBindAnnotations(claim)
  if (!provisioned.has(volumeName)) return unbound
  const { volumeName: _name, ...rest } = spec as Record<string, unknown>
  return { ...unbound, spec: rest }
}

function withoutBindAnnotations(object: Manifest): Manifest {
  const annotations = object.metadata.annotations
  if (annotations === undefined || !bindAnnotations.some((key) => key in annotations)) return object
  const kept = Object.fromEntries(Object.entries(annotations).filter(([key]) => !bindAnnotations.includes(key)))
  const { annotations: _old, ...metadata } = object.metadata
  return {
    ...object,
    metadata: Object.keys(kept).length === 0 ? metadata : { ...metadata, annotations: kept },
  }
}
