import { describe, expect, it } from 'vitest'
import { actingUser } from '../../../core/asked/acting-user.ts'
import { annotationFaults } from '../../../core/asked/annotations.ts'
import { rightsInWords } from '../../../core/plan/needed-rights.ts'

const user = 'drydock.io/impersonate-user'
const groups = 'drydock.io/impersonate-groups'

describe('as whom a restore writes', () => {
  const restorer = { user: 'restorer', groups: ['r', 's'] }

  it('is the worker where nobody is named, the one of the Restore, and before all others the user of the worker', () => {
    const asked = { [user]: 'alice', [groups]: 'a, b' }
    expect(actingUser({}, undefined)).toBeUndefined()
    expect(actingUser(asked, undefined)).toEqual({ user: 'alice', groups: ['a', 'b'] })
    expect(actingUser(undefined, restorer)).toBe(restorer)
    expect(actingUser(asked, restorer)).toBe(restorer)
  })

  it.each([
    [
      { [user]: 'alice' },
      'annotation drydock.io/impersonate-user is "alice": this worker restores as user "restorer" alone',
    ],
    [{ [user]: 'alice', [groups]: 's, r' }, 'this worker restores as user "restorer" alone: name that one, or none'],
    [{ [user]: 'restorer', [groups]: 'r, admins, s' }, 'impersonate-groups is "r, admins, s": this worker restores as'],
    [{ [user]: 'restorer', [groups]: 'r' }, 'who has other groups: leave them out'],
  ])('is no other than the user of the worker: %j is refused', (annotations, fault) => {
    expect(annotationFaults(annotations as Record<string, string>, {}, { actingUser: restorer })).toEqual([
      expect.stringContaining(fault),
    ])
    expect(annotationFaults(annotations as Record<string, string>, {})).toEqual([])
  })

  it.each([{}, { [user]: 'restorer' }, { [user]: 'restorer', [groups]: 's,r' }])(
    'may be named as it is for the worker: %j',
    (annotations) => {
      expect(annotationFaults(annotations as Record<string, string>, {}, { actingUser: restorer })).toEqual([])
    },
  )

  it.each([
    [{ [user]: ' ' }, 'it names no user'],
    [{ [user]: 'alice\r\nimpersonate-group: system:masters' }, 'visible characters of ASCII alone'],
    [{ [user]: 'alice', [groups]: ',' }, 'it names no group'],
    [{ [user]: 'alice', [groups]: 'a, system:masters' }, 'passes by all authorization'],
    [{ [user]: 'system:kube-controller-manager' }, 'a user of Kubernetes itself'],
    [{ [user]: 'alice', [groups]: 'a,system:nodes' }, 'a group of Kubernetes itself'],
    [{ [user]: 'alice', [groups]: 'a b' }, 'visible characters of ASCII alone'],
    [{ [groups]: 'a' }, 'whose groups these are is not said'],
  ])('%j is refused: %s', (annotations, fault) => {
    expect(annotationFaults(annotations as Record<string, string>)).toEqual([expect.stringContaining(fault)])
  })

  it.each(['alice', 'system:serviceaccount:shop:restorer', 'https://issuer.example.com#alice@example.com'])(
    '%s is the name of a user',
    (name) => {
      expect(annotationFaults({ [user]: name, [groups]: 'system:authenticated,system:serviceaccounts:shop' })).toEqual(
        [],
      )
    },
  )

  it('names at most twenty missing rights, and counts the others', () => {
    const right = { verb: 'create', group: 'apps', resource: 'deployments', items: 1, first: 'deployments.apps/web' }
    const text = rightsInWords(Array.from({ length: 23 }, () => right))
    expect(text.match(/create deployments\.apps \(deployments\.apps\/web\)/g)).toHaveLength(20)
    expect(text).toMatch(/; and 3 more$/)
  })
})
