import { mirrorPodAnnotation } from '../../velero/labels.ts'
import type { Manifest } from '../../velero/manifest.ts'
import type { GroupResource } from '../../velero/resource.ts'
import { goPrint, goTypeOf } from '../values/go-text.ts'

/** Why an item is not written although it was selected. */
export type SkipReason =
  /** Velero leaves it out of the resource list altogether. */
  | { do: 'omit'; because: string }
  /** Velero lists it as skipped. */
  | { do: 'skip'; because: string }
  /** Its status cannot be read. */
  | { do: 'fail'; because: string }

type SkipRule = (item: Manifest, groupResource: GroupResource) => SkipReason | undefined

/** In Velero's order; the first reason wins. Source: pkg/restore/restore.go isCompleted, restoreItem. */
const rules: readonly SkipRule[] = [finishedPod, finishedJob, mirrorPod]

/** The reason not to write this item, if there is one. */
export function skipReason(item: Manifest, groupResource: GroupResource): SkipReason | undefined {
  for (const rule of rules) {
    const reason = rule(item, groupResource)
    if (reason !== undefined) return reason
  }
  return undefined
}

function finishedPod(item: Manifest, groupResource: GroupResource): SkipReason | undefined {
  if (groupResource !== 'pods') return undefined
  const phase = statusField(item, 'phase')
  if (phase.malformed !== undefined) return { do: 'fail', because: phase.malformed }
  if (phase.value !== 'Failed' && phase.value !== 'Succeeded') return undefined
  return { do: 'omit', because: `the pod is over: ${phase.value}` }
}

function finishedJob(item: Manifest, groupResource: GroupResource): SkipReason | undefined {
  if (groupResource !== 'jobs.batch') return undefined
  const completion = statusField(item, 'completionTime')
  if (completion.malformed !== undefined) return { do: 'fail', because: completion.malformed }
  return completion.value === undefined || completion.value === ''
    ? undefined
    : { do: 'omit', because: 'the job is complete' }
}

function mirrorPod(item: Manifest, groupResource: GroupResource): SkipReason | undefined {
  if (groupResource !== 'pods') return undefined
  const mirrored = item.metadata.annotations?.[mirrorPodAnnotation] ?? ''
  return mirrored === '' ? undefined : { do: 'skip', because: 'it is a mirror pod of a node' }
}

/** A text of the status; anything but a text there is malformed, in the words of Kubernetes' unstructured helpers. */
function statusField(item: Manifest, field: string): { value?: string; malformed?: string } {
  const status = item['status']
  if (status === undefined || status === null || typeof status !== 'object') return {}
  const value = (status as Record<string, unknown>)[field]
  if (value === undefined || value === null) return {}
  if (typeof value === 'string') return { value }
  return {
    malformed: `.status.${field} accessor error: ${goPrint(value)} is of the type ${goTypeOf(value)}, expected string`,
  }
}
