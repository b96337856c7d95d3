import { backupNameLabel, restoreNameLabel } from '../../velero/labels.ts'
import { isJsonMap } from '../values/manifest-json.ts'

/** So many fields are told; a longer list says nothing more to a reader. */
const fieldsMax = 20

/** What each change sets, and nobody asks about. */
const untold = new Set([
  'metadata.uid',
  'metadata.resourceVersion',
  'metadata.managedFields',
  `metadata.labels[${backupNameLabel}]`,
  `metadata.labels[${restoreNameLabel}]`,
])

/** The fields that a JSON merge patch sets or removes, as paths such as `spec.replicas`; never their values (rule 14). */
export function changedFields(patch: unknown): string[] {
  const fields = [...leaves(patch, '')].filter((field) => !untold.has(field)).sort()
  const more = fields.length > fieldsMax ? [`and ${fields.length - fieldsMax} more`] : []
  return [...fields.slice(0, fieldsMax), ...more]
}

function* leaves(value: unknown, path: string): Generator<string> {
  const entries = isJsonMap(value) ? Object.entries(value) : []
  if (entries.length === 0 && path !== '') yield path
  for (const [key, field] of entries) yield* leaves(field, join(path, key))
}

function join(path: string, key: string): string {
  if (!/^[A-Za-z0-9_-]+$/.test(key)) return `${path}[${key}]`
  return path === '' ? key : `${path}.${key}`
}
