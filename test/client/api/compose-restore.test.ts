import { describe, expect, it } from 'vitest'
import { composeRestore } from '../../../client/api/compose-restore.ts'
import type { ComposeOptions } from '../../../client/api/compose-restore.ts'
import type { Restore } from '../../../velero/restore.ts'

const now = new Date(2026, 0, 2, 3, 4, 5)
const compose = (options: Partial<ComposeOptions>): Restore =>
  composeRestore({ namespace: 'velero', specOptions: {}, now, ...options })
const file: Restore = {
  apiVersion: 'velero.io/v1',
  kind: 'Restore',
  metadata: { name: 'from-file', labels: { a: 'file', b: 'file' } },
  spec: { backupName: 'shop', includedNamespaces: ['a'] },
}

describe('the Restore to create', () => {
  it('is named after its backup and the local time', () => {
    expect(compose({ specOptions: { fromBackup: 'shop' } }).metadata).toEqual({
      name: 'shop-20260102030405',
      namespace: 'velero',
    })
  })

  it('is named after its schedule', () => {
    expect(compose({ specOptions: { fromSchedule: 'nightly' } }).metadata.name).toBe('nightly-20260102030405')
  })

  it('is what the file says, with the options laid over it', () => {
    const restore = compose({ file, labels: { b: 'option' }, specOptions: { includeNamespaces: ['b'] } })
    expect(restore.metadata).toEqual({ name: 'from-file', namespace: 'velero', labels: { a: 'file', b: 'option' } })
    expect(restore.spec).toEqual({ backupName: 'shop', includedNamespaces: ['b'] })
  })

  it.each([
    ['no source', {}],
    ['two sources', { fromBackup: 'a', fromSchedule: 'b' }],
    ['two kinds of selectors', { fromBackup: 'a', selector: { matchLabels: {} }, orSelector: [{ matchLabels: {} }] }],
    ['status excludes alone', { fromBackup: 'a', statusExcludeResources: ['pods'] }],
  ])('is refused with %s', (_what, specOptions) => {
    expect(() => compose({ specOptions })).toThrow(expect.objectContaining({ exitCode: 2 }))
  })
})
