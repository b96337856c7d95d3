import { describe, expect, it } from 'vitest'
import { createCompanions } from '../../../activities/items/create-companions.ts'
import { orderForNext } from '../../../core/volumes/order-for-next.ts'
import { ApiError } from '../../../core/port-errors.ts'
import type { Companion } from '../../../core/actions/action.ts'
import { apiError, prices, refusing, restoring } from './restoring.ts'

const companion = (onError?: string): Companion => ({
  resource: { group: '', version: 'v1', resource: 'configmaps' },
  manifest: { ...prices, metadata: { namespace: 'shop', name: 'beside' } },
  ...(onError === undefined ? {} : { onError }),
})

/** Creates a companion whose create the API server answers so. */
function creating(answer: ReturnType<typeof apiError>, onError?: string) {
  const { tools } = restoring('{}', {}, refusing('create', answer))
  return createCompanions([companion(onError)], 'prices', tools)
}

describe('an object that an action needs beside an item', () => {
  it('fails the item in the words of Velero where it is refused', async () => {
    const refusal = apiError(403, 'Forbidden', 'no')
    expect(await creating(refusal, 'failed to create it')).toEqual({ text: 'failed to create it: no' })
    expect(await creating(refusal)).toBeUndefined()
  })

  it('is for another try where its webhook is away, and where two servers count a quota', async () => {
    const message = 'failed calling webhook "a": refused'
    expect(await creating(apiError(500, 'InternalError', message), 'failed to create it')).toEqual({
      text: `failed to create it: ${message}`,
      refusedFor: 'backend',
    })
    const conflict = apiError(409, 'Conflict', 'Operation cannot be fulfilled on resourcequotas "few"')
    await expect(creating(conflict)).rejects.toBe(conflict)
  })
})

describe('an order for node agents', () => {
  const order = { apiVersion: 'velero.io/v1', kind: 'PodVolumeRestore', metadata: { name: 'o' }, spec: { pod: {} } }
  const asking = new ApiError({
    code: 422,
    reason: 'Invalid',
    message: 'PodVolumeRestore.velero.io "o" is invalid: spec.restoreType: Required value',
    causes: [{ reason: 'FieldValueRequired', message: 'Required value', field: 'spec.restoreType' }],
  })

  it.each([
    ['is made in the form of CRDs that were upgraded meanwhile', order, asking, { pod: {}, restoreType: '' }],
    ['that has a type is not made in another form', { ...order, spec: { restoreType: 'x' } }, asking, undefined],
    ['that is refused for another reason is not either', order, apiError(422, 'Invalid', 'no'), undefined],
  ])('%s', (_, manifest, refusal, spec) => {
    expect(orderForNext(manifest, refusal)?.['spec']).toEqual(spec)
  })
})
