import { describe, expect, it } from 'vitest'
import { skipReason } from '../../../core/items/item-manifest.ts'
import type { Manifest } from '../../../velero/manifest.ts'
import { anObject } from './builders.ts'

describe('items that are not written', () => {
  const pod = (status: object | undefined, annotations?: Record<string, string>) =>
    anObject('Pod', 'p', annotations ? { annotations } : {}, status ? { status } : {})
  const job = (status: object) => anObject('Job', 'j', {}, { status })

  it.each<[string, Manifest, string, string | undefined]>([
    ['a pod that succeeded', pod({ phase: 'Succeeded' }), 'pods', 'omit'],
    ['a pod that failed', pod({ phase: 'Failed' }), 'pods', 'omit'],
    ['a pod that runs', pod({ phase: 'Running' }), 'pods', undefined],
    ['a pod without status', pod(undefined), 'pods', undefined],
    ['a mirror pod', pod({ phase: 'Running' }, { 'kubernetes.io/config.mirror': 'x' }), 'pods', 'skip'],
    ['a pod with an empty mirror annotation', pod({}, { 'kubernetes.io/config.mirror': '' }), 'pods', undefined],
    ['a mirror pod that is over', pod({ phase: 'Failed' }, { 'kubernetes.io/config.mirror': 'x' }), 'pods', 'omit'],
    ['a pod of a phase that is a list', pod({ phase: [] }), 'pods', 'fail'],
    ['a job that is complete', job({ completionTime: '2026-01-01T00:00:00Z' }), 'jobs.batch', 'omit'],
    ['a job with an empty time', job({ completionTime: '' }), 'jobs.batch', undefined],
    ['a job with null for a time', job({ completionTime: null }), 'jobs.batch', undefined],
    ['a job with a number for a time', job({ completionTime: 1.5 }), 'jobs.batch', 'fail'],
    ['something else with phase Failed', pod({ phase: 'Failed' }), 'restores.velero.io', undefined],
    ['jobs of another group', job({ completionTime: 'x' }), 'jobs.example.com', undefined],
  ])('%s', (_what, item, groupResource, decision) => {
    expect(skipReason(item, groupResource)?.do).toBe(decision)
  })
})
