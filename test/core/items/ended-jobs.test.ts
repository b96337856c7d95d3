import { describe, expect, it } from 'vitest'
import { endedJob } from '../../../core/items/item-manifest.ts'

const job = (status: object) => ({
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: { name: 'j', namespace: 'shop' },
  spec: { completions: 1 },
  status,
})
const failed = job({ conditions: [{ type: 'Failed', status: 'True' }] })
const complete = job({ completionTime: '2026-01-01T00:00:00Z', conditions: [{ type: 'Complete', status: 'True' }] })

describe('a Job that had ended', () => {
  it('is restored as Velero does where nothing else is asked for', () => {
    expect(endedJob(failed, undefined)).toEqual({ do: 'as-is' })
  })

  it('is left out', () => {
    expect(endedJob(failed, 'leave-out')).toMatchObject({ do: 'omit', because: expect.stringContaining('had failed') })
    expect(endedJob(complete, 'leave-out')).toMatchObject({
      do: 'omit',
      because: expect.stringContaining('is complete'),
    })
  })

  it.each([failed, complete])('is suspended, without its status', (one) => {
    expect(endedJob(one, 'suspend')).toEqual({
      do: 'change',
      item: { ...job({}), status: undefined, spec: { completions: 1, suspend: true } },
    })
  })

  it.each(['leave-out', 'suspend'] as const)('is not one that runs: %s', (asked) => {
    expect(endedJob(job({ active: 1, conditions: [{ type: 'Failed', status: 'False' }] }), asked)).toEqual({
      do: 'as-is',
    })
    expect(endedJob({ ...failed, kind: 'CronJob' }, asked)).toEqual({ do: 'as-is' })
    expect(endedJob({ ...failed, apiVersion: 'batch.volcano.sh/v1alpha1' }, asked)).toEqual({ do: 'as-is' })
  })
})
