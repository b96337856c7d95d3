import { describe, expect, it } from 'vitest'
import { levelsOf } from '../../../core/request/levels.ts'

const standing = (annotations: Record<string, string>, more: object = {}) =>
  levelsOf({ metadata: { name: 'shop', annotations, ...more } })

describe('what stands on a Restore', () => {
  it('is nothing where nobody has asked for anything', () => {
    expect(levelsOf({ metadata: { name: 'shop' } })).toEqual({})
    expect(standing({ 'drydock.io/adopt': 'true' })).toEqual({})
  })

  it('is a cancel, a pause or both, with their reasons', () => {
    expect(standing({ 'drydock.io/cancel': 'wrong backup' })).toEqual({ cancel: 'wrong backup' })
    expect(standing({ 'drydock.io/cancel': 'a', 'drydock.io/pause': 'b' })).toEqual({ cancel: 'a', pause: 'b' })
  })

  it.each(['', ' ', 'true', 'True'])('has its annotation as the reason where that says %j', (value) => {
    expect(standing({ 'drydock.io/pause': value })).toEqual({ pause: 'by annotation drydock.io/pause' })
  })

  it.each(['false', ' FALSE '])('is nothing where the annotation says %j', (value) => {
    expect(standing({ 'drydock.io/pause': value, 'drydock.io/cancel': value })).toEqual({})
  })

  it('is its deletion', () => {
    expect(standing({}, { deletionTimestamp: '2026-01-02T03:04:05Z' })).toEqual({ deleted: true })
  })

  it('is no longer than a reason may be', () => {
    expect(standing({ 'drydock.io/cancel': 'x'.repeat(9000) }).cancel).toHaveLength(500)
  })
})
