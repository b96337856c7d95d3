import { describe, expect, it } from 'vitest'
import { actingUsers } from '../../../core/asked/acting-user.ts'
import { annotationFaults } from '../../../core/asked/annotations.ts'
import { rightsInWords } from '../../../core/plan/needed-rights.ts'

const user = 'drydock.io/impersonate-user'
const groups = 'drydock.io/impersonate-groups'

describe('as whom a restore writes', () => {
  it('is the worker where nobody is named, the user of the worker, or the one of the Restore, with both to allow it', () => {
    const restorer = { user: 'restorer', groups: [] }
    const alice = { user: 'alice', groups: ['a', 'b'] }
    expect(actingUsers({}, undefined)).toBeUndefined()
    expect(actingUsers(undefined, restorer)).toEqual({ acts: restorer, all: [restorer] })
    expect(actingUsers({ [user]: 'alice', [groups]: 'a, b' }, restorer)).toEqual({
      acts: alice,
      all: [alice, restorer],
    })
  })

  it.each([
    [{ [user]: ' ' }, 'it names no user'],
    [{ [user]: 'alice\r\nimpersonate-group: system:masters' }, 'visible characters of ASCII alone'],
    [{ [user]: 'alice', [groups]: ',' }, 'it names no group'],
    [{ [user]: 'alice', [groups]: 'a, system:masters' }, 'passes by all authorization'],
    [{ [user]: 'alice', [groups]: 'a b' }, 'visible characters of ASCII alone'],
    [{ [groups]: 'a' }, 'whose groups these are is not said'],
  ])('%j is refused: %s', (annotations, fault) => {
    expect(annotationFaults(annotations as Record<string, string>)).toEqual([expect.stringContaining(fault)])
  })

  it.each(['alice', 'system:serviceaccount:shop:restorer', 'https://issuer.example.com#alice@example.com'])(
    '%s is the name of a user',
    (name) => {
      expect(annotationFaults({ [user]: name, [groups]: 'system:authenticated' })).toEqual([])
    },
  )

  it('names at most twenty missing rights, and counts the others', () => {
    const right = { verb: 'create', group: 'apps', resource: 'deployments', items: 1, first: 'deployments.apps/web' }
    const text = rightsInWords(Array.from({ length: 23 }, () => right))
    expect(text.match(/create deployments\.apps \(deployments\.apps\/web\)/g)).toHaveLength(20)
    expect(text).toMatch(/; and 3 more$/)
  })
})
