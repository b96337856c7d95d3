import { describe, expect, it } from 'vitest'
import { composeRequest } from '../../../../client/cli/commands/run-start.ts'
import type { StartRequest } from '../../../../client/cli/commands/run-start.ts'
import type { Restore } from '../../../../velero/restore.ts'

const now = new Date(2026, 0, 2, 3, 4, 5)
const compose = (request: Partial<StartRequest>): Restore =>
  composeRequest({ namespace: 'velero', given: {}, ...request }, now)
const file: Restore = {
  apiVersion: 'velero.io/v1',
  kind: 'Restore',
  metadata: { name: 'from-file', labels: { a: 'file', b: 'file' } },
  spec: { backupName: 'shop', includedNamespaces: ['a'] },
}

describe('the Restore to create', () => {
  it('is named after its backup and the local time', () => {
    expect(compose({ given: { fromBackup: 'shop' } }).metadata).toEqual({
      name: 'shop-20260102030405',
      namespace: 'velero',
    })
  })

  it('is named after its schedule', () => {
    expect(compose({ given: { fromSchedule: 'nightly' } }).metadata.name).toBe('nightly-20260102030405')
  })

  it('is what the file says, with the options in place of its fields', () => {
    const restore = compose({ file, labels: { b: 'option' }, given: { includeNamespaces: ['b'] } })
    expect(restore.metadata).toEqual({ name: 'from-file', namespace: 'velero', labels: { a: 'file', b: 'option' } })
    expect(restore.spec).toEqual({ backupName: 'shop', includedNamespaces: ['b'] })
  })

  it.each([
    ['no source', {}],
    ['two sources', { fromBackup: 'a', fromSchedule: 'b' }],
    ['two kinds of selectors', { fromBackup: 'a', selector: { matchLabels: {} }, orSelector: [{ matchLabels: {} }] }],
    ['status excludes alone', { fromBackup: 'a', statusExcludeResources: ['pods'] }],
  ])('is refused with %s', (_what, given) => {
    expect(() => compose({ given })).toThrow(expect.objectContaining({ exitCode: 2 }))
  })
})
