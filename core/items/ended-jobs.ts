import type { Manifest } from '../../velero/manifest.ts'
import { fieldsAt, objectsAt } from '../values/fields.ts'

/** What becomes of a Job that had finished or failed when the backup was made: as it is, left out, or another one. */
export type EndedJob = { do: 'as-is' } | { do: 'omit'; because: string } | { do: 'change'; item: Manifest }

/**
 * Decides about a Job by the annotation `drydock.io/ended-jobs`. Velero leaves out those that are complete, and runs those that
 * had failed once more.
 */
export function endedJob(item: Manifest, asked: 'leave-out' | 'suspend' | undefined): EndedJob {
  if (asked === undefined || item.kind !== 'Job' || !item.apiVersion.startsWith('batch/')) return { do: 'as-is' }
  const ended = objectsAt(item, 'status', 'conditions').find(
    ({ type, status }) => (type === 'Failed' || type === 'Complete') && status === 'True',
  )
  const isComplete = typeof fieldsAt(item, 'status')?.['completionTime'] === 'string'
  if (ended === undefined && !isComplete) return { do: 'as-is' }
  if (asked === 'leave-out') {
    const how = ended?.['type'] === 'Failed' ? 'had failed' : 'is complete'
    return { do: 'omit', because: `the job ${how}, and the restore leaves such jobs out` }
  }
  const { status: _status, ...rest } = item
  return { do: 'change', item: { ...rest, spec: { ...fieldsAt(item, 'spec'), suspend: true } } as Manifest }
}
