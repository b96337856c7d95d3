import { describe, expect, it } from 'vitest'
import { requestErrors } from '../../../core/deletion/request-errors.ts'

describe('the errors of a DeleteBackupRequest', () => {
  it('are each told once', () => {
    expect(requestErrors([])).toEqual([])
    expect(requestErrors(['a', 'b', 'a'])).toEqual(['a', 'b'])
  })

  it('are so many and so long that etcd holds them, also where they are cut again', () => {
    const capped = requestErrors(Array.from({ length: 5000 }, (_, n) => `${n} ${'x'.repeat(70_000)}`))
    expect(capped).toHaveLength(100)
    expect(capped[0]).toMatch(/^0 x+…$/)
    expect(capped.at(-1)).toBe('and 4901 more errors')
    expect(JSON.stringify(capped).length).toBeLessThan(110_000)
    expect(requestErrors(capped)).toEqual(capped)
  })
})
