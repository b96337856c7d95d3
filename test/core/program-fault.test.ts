import { IllegalStateError, ValueError } from '@temporalio/common'
import { describe, expect, it } from 'vitest'
import { isProgramFault } from '../../core/program-fault.ts'

describe('a fault of the program', () => {
  it.each([new TypeError('no function'), new ValueError('Invalid millis NaN'), new IllegalStateError('not running')])(
    'is %s',
    (thrown) => expect(isProgramFault(thrown)).toBe(true),
  )

  it('is no trouble of a connection', () => {
    expect(isProgramFault(Object.assign(new Error('reset'), { code: 'ECONNRESET' }))).toBe(false)
  })
})
