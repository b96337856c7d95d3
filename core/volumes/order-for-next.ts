import { ApiError } from '../port-errors.ts'
import { fieldsAt } from '../values/fields.ts'
import type { Manifest } from '../../velero/manifest.ts'

/**
 * The order as the CRDs after v1.18 take it, where the API server has refused it for lack of `spec.restoreType`: they have been upgraded since
 * the restore was admitted. The type is that of a new volume, since only those CRDs know the others. Undefined where it was refused for another reason.
 */
export function orderForNext(order: Manifest, refusal: unknown): Manifest | undefined {
  const spec = fieldsAt(order, 'spec')
  if (!(refusal instanceof ApiError) || refusal.code !== 422 || spec?.['restoreType'] !== undefined) return undefined
  const isAsked = refusal.causes.some(({ field }) => field === 'spec.restoreType')
  return isAsked ? { ...order, spec: { ...spec, restoreType: '' } } : undefined
}
