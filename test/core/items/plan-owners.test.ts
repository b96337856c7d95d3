import { describe, expect, it } from 'vitest'
import { planOwners } from '../../../core/items/field-owners.ts'
import type { ManagedFieldsEntry } from '../../../velero/manifest.ts'
import { anObject } from './builders.ts'

const entry = (more: Partial<ManagedFieldsEntry> = {}): ManagedFieldsEntry => ({
  manager: 'kubectl',
  operation: 'Update',
  apiVersion: 'v1',
  fieldsV1: {},
  ...more,
})
const status = entry({ manager: 'controller', subresource: 'status' })
const withEntries = (...managedFields: ManagedFieldsEntry[]) => anObject('ConfigMap', 'a', { managedFields })

describe('posting an object', () => {
  it('in mode exact goes under our own name and without entries, which a second write sets', () => {
    const posting = planOwners(withEntries(entry()), 'exact', 'drydock-1')
    expect(posting).toEqual({ body: anObject('ConfigMap', 'a'), fieldManager: 'drydock-1', patchOwners: true })
  })

  it('in mode owners goes in one write under the name of the only manager', () => {
    const posting = planOwners(withEntries(entry()), 'owners', 'drydock-1')
    expect(posting).toEqual({
      body: anObject('ConfigMap', 'a'),
      fieldManager: 'kubectl',
      patchOwners: false,
      postedAs: 'kubectl',
    })
  })

  it('in mode owners carries the entries of those who own the status', () => {
    const { body, patchOwners } = planOwners(withEntries(entry(), status), 'owners', 'drydock-1')
    expect(body.metadata.managedFields).toEqual([status])
    expect(patchOwners).toBe(false)
  })

  it.each([
    ['two managers own other fields', [entry(), entry({ manager: 'helm' })]],
    ['the only manager applied it', [entry({ operation: 'Apply' })]],
    ['the manager has no name', [entry({ manager: '' })]],
    ['the entry is about another version', [entry({ apiVersion: 'v1beta1' })]],
    ['only the status has an owner', [status]],
    ['nobody owns anything', []],
  ])('in mode owners takes two writes where %s', (_why, entries) => {
    const posting = planOwners(withEntries(...entries), 'owners', 'drydock-1')
    expect(posting).toMatchObject({ fieldManager: 'drydock-1', patchOwners: true })
    expect(posting.body.metadata).toEqual({ name: 'a' })
  })
})
