import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { inheritedOutcomes, parseEntry } from '../../../core/request/inherited-outcomes.ts'
import type { InheritedFrom, VeleroFiles } from '../../../core/request/inherited-outcomes.ts'
import { mergeOperations } from '../../../core/operations/operations.ts'
import { renderResourceList, renderResults } from '../../../core/results/render-results.ts'
import { tallyOf } from '../../../core/results/tally.ts'
import type { RestoreOperation } from '../../../velero/item-operation.ts'

const nothing: VeleroFiles = { results: undefined, resourceList: undefined, operations: undefined }
const from = (more: Partial<InheritedFrom> = {}): InheritedFrom => ({
  phase: 'Finalizing',
  hasHooks: false,
  objects: new Map(),
  at: '2026-11-24T12:00:00Z',
  ...more,
})
const tally = (files: Partial<VeleroFiles>, more: Partial<InheritedFrom> = {}) =>
  tallyOf(inheritedOutcomes({ ...nothing, ...files }, from(more)))
const operation = (operationID: string, status: RestoreOperation['status']): RestoreOperation => ({
  spec: {
    restoreName: 'r',
    restoreUID: 'u',
    restoreItemAction: 'velero.io/csi-pvc-restorer',
    resourceIdentifier: { Group: '', Resource: 'persistentvolumeclaims', Namespace: 'a', Name: 'b' },
    operationID,
  },
  status,
})

describe('the tally of a restore that Velero left behind', () => {
  it('renders to the files that it was made from', () => {
    const results = {
      errors: { velero: ['v'], namespaces: { a: ['same', 'same'] } },
      warnings: { cluster: ['c'], namespaces: { cluster: ['odd'] } },
    }
    const resourceList = { 'v1/Pod': ['a/b(created)', 'a/c(failed)'], 'v1/Namespace': ['a(updated)', 'x(skipped)'] }
    const operations = [operation('one', { phase: 'InProgress' }), operation('two', { phase: 'Completed' })]
    const made = tally({
      results: { content: results },
      resourceList: { content: resourceList },
      operations: { content: operations },
    })
    expect(renderResults(made)).toEqual(results)
    expect(renderResourceList(made)).toEqual({
      'v1/Namespace': ['a(updated)', 'x(skipped)'],
      'v1/Pod': ['a/b(created)', 'a/c(failed)'],
    })
    expect(mergeOperations(made, [])).toEqual(operations)
  })

  it('is empty where Velero wrote nothing', () => {
    expect(renderResults(tally({}))).toEqual({ errors: {}, warnings: {} })
  })

  it('names a damaged file by an error', () => {
    expect(renderResults(tally({ results: { problem: 'x is damaged' } })).errors).toEqual({ velero: ['x is damaged'] })
  })

  it('tells an operation’s error that Velero only counted, but none twice', () => {
    const operations = { content: [operation('one', { phase: 'Failed', error: 'full' })] }
    const text = 'error from restore item operation: full'
    expect(renderResults(tally({ operations })).errors).toEqual({ velero: [text] })
    const results = { content: { errors: { velero: [text] }, warnings: {} } }
    expect(renderResults(tally({ operations, results })).errors).toEqual({ velero: [text] })
  })

  it('never makes whole what Velero called partly failed', () => {
    const { errors } = renderResults(tally({}, { phase: 'FinalizingPartiallyFailed' }))
    expect(errors.velero?.[0]).toContain('FinalizingPartiallyFailed')
  })

  it('warns that hooks are lost', () => {
    expect(renderResults(tally({}, { hasHooks: true })).warnings.velero).toHaveLength(1)
  })

  it('knows objects by their uids where they were found', () => {
    const claim = { group: '', version: 'v1', resource: 'persistentvolumeclaims', namespace: 'a', name: 'b', uid: 'u' }
    const objects = new Map([['v1/PersistentVolumeClaim|a/b', claim]])
    const resourceList = { content: { 'v1/PersistentVolumeClaim': ['a/b(created)', 'a/c(created)'] } }
    const outcomes = [...tally({ resourceList }, { objects }).values()]
    expect(outcomes.flatMap(({ object }) => (object === undefined ? [] : [object]))).toEqual([claim])
  })
})

it('an entry of a resource list is read whatever its name holds', () => {
  fc.assert(
    fc.property(fc.string(), fc.constantFrom('created', 'updated', 'skipped', 'failed'), (name, action) => {
      expect(parseEntry(`${name}(${action})`)).toEqual({ name, action })
    }),
  )
  expect(parseEntry('a/b')).toBeUndefined()
  expect(parseEntry('a/b(lost)')).toBeUndefined()
})
