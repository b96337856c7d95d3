import type { Manifest } from '../../velero/manifest.ts'
import type { ItemAddress } from '../../velero/resource.ts'
import { annotationOf } from '../values/fields.ts'

/** The Secret that annotations `<prefix>-name` and `<prefix>-namespace` name; none unless both are there. */
export function secretItems(manifest: Manifest, prefix: string): ItemAddress[] {
  const name = annotationOf(manifest, `${prefix}-name`)
  const namespace = annotationOf(manifest, `${prefix}-namespace`)
  if (name === undefined || namespace === undefined) return []
  return [{ groupResource: 'secrets', namespace, name }]
}
