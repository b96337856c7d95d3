import { describe, expect, it } from 'vitest'
import { acceptFor, readIdentity } from '../../../infra/cluster/connect.ts'

const rest = '"creationTimestamp":"2026-01-01T00:00:00Z"},"data":{"uid":"not this one"}}'

describe('the identity in an answer', () => {
  it('is read from its beginning', () => {
    const text = `{"kind":"Secret","apiVersion":"v1","metadata":{"name":"a","namespace":"b","uid":"u","resourceVersion":"7",${rest}`
    const metadata = { name: 'a', namespace: 'b', uid: 'u', resourceVersion: '7' }
    expect(readIdentity(text)).toEqual({ kind: 'Secret', apiVersion: 'v1', metadata })
  })

  it('has no namespace where the object has none, and not the name that it was generated from', () => {
    const text = `{"kind":"Role","apiVersion":"r/v1","metadata":{"name":"a","generateName":"x-","uid":"u","resourceVersion":"7",${rest}`
    expect(readIdentity(text)).toEqual({
      kind: 'Role',
      apiVersion: 'r/v1',
      metadata: { name: 'a', uid: 'u', resourceVersion: '7' },
    })
  })

  it.each([
    [
      'of a custom resource',
      '{"apiVersion":"x/v1","kind":"Y","metadata":{"name":"a","uid":"u","resourceVersion":"7"}}',
    ],
    [
      'with an escape in a name',
      '{"kind":"Y","apiVersion":"v1","metadata":{"name":"a\\"b","uid":"u","resourceVersion":"7"}}',
    ],
    ['of no object', '{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Success"}'],
    ['cut off', '{"kind":"Secret","apiVersion":"v1","metadata":{"name":"a","namespace":"b","uid":"u'],
    ['empty', ''],
  ])('is left to a parse for an answer %s', (_what, text) => {
    expect(readIdentity(text)).toBeUndefined()
  })
})

describe('the media types of a request', () => {
  it('ask for metadata alone where the object is large and no more is of use', () => {
    expect(acceptFor({ answer: 'identity' }, 100_000)).toMatch(
      /^application\/json;as=PartialObjectMetadata;.*, application\/json$/,
    )
    expect(acceptFor({ answer: 'metadata' }, 100_000)).toBe(acceptFor({ answer: 'identity' }, 100_000))
    expect(acceptFor({ answer: 'identity' }, 1_000)).toBe('application/json')
    expect(acceptFor({ answer: 'metadata' }, 1_000)).toBe('application/json')
    expect(acceptFor({}, 100_000)).toBe('application/json')
  })
})
