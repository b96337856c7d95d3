import { mirrorPodAnnotation } from '../../velero/labels.ts'
import type { Manifest } from '../../velero/manifest.ts'
import type { GroupResource } from '../../velero/resource.ts'
import { goPrint, goTypeOf } from '../values/go-text.ts'

/** Why a selected item is not written. */
export type SkipReason =
  /** Velero does not list the item. */
  | { do: 'omit'; because: string }
  /** Velero lists the item as skipped. */
  | { do: 'skip'; because: string }
  /** Its status is malformed: an error, without an entry in the resource list. */
  | { do: 'fail'; because: string }

type SkipRule = (item: Manifest, groupResource: GroupResource) => SkipReason | undefined

/** The rules in Velero's order; the first reason wins. Source: pkg/restore/restore.go isCompleted, restoreItem. */
const rules: readonly SkipRule[] = [finishedPod, finishedJob, mirrorPod]

/** The reason not to write an item; undefined if it is to be written. */
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

/** A string in the status. Another type is malformed, in the words of Kubernetes' package `unstructured`. */
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
