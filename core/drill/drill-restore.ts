import { drillLabel, isolateAnnotation, replicasAnnotation, validateAnnotation } from '../../velero/labels.ts'
import type { Restore } from '../../velero/restore.ts'
import type { DrillRequest } from './drill-request.ts'

/** A Restore that a drill asks for, in the shape of `RestoreRequest`. */
export interface DrillRestore extends Pick<Restore, 'spec'> {
  name: string
  labels: Record<string, string>
  annotations: Record<string, string>
}

/** The name of the Restore of a drill that began then; the name of a drill leaves room for it. */
export function drillRestoreName(drill: string, began: Date): string {
  return `${drill}-${stampOf(began)}`
}

/** A time as names have it: `20261129030000`, in UTC. */
export function stampOf(time: Date): string {
  return time.toISOString().slice(0, 19).replaceAll(/[-:T]/g, '')
}

/**
 * The Restore of a drill. Only namespaces that are mapped are included: nothing of the backup gets into a namespace that is not a
 * scratch namespace. Of the cluster's own objects only those come that a claim needs: its volume, and the snapshot of it.
 */
export function drillRestore(
  request: DrillRequest,
  { name, backup, mapping }: { name: string; backup: string; mapping: Readonly<Record<string, string>> },
): DrillRestore {
  return {
    name,
    labels: { [drillLabel]: request.name },
    annotations: {
      [isolateAnnotation]: 'true',
      ...(request.replicas === 'zero' && { [replicasAnnotation]: 'zero' }),
      [validateAnnotation]: String(request.validate),
    },
    spec: {
      backupName: backup,
      includedNamespaces: Object.keys(mapping).sort(),
      namespaceMapping: { ...mapping },
      preserveNodePorts: false,
      ...(request.excludedResources?.length && { excludedResources: [...request.excludedResources] }),
    },
  }
}
