import { describe, expect, it } from 'vitest'
import { afterPass, pauseBeforeNextTry, troubleOf } from '../../../core/items/item-trouble.ts'
import type { TroubleKind } from '../../../core/items/item-trouble.ts'
import { error } from '../../../core/items/outcome.ts'
import type { Outcome } from '../../../core/items/outcome.ts'
import { tallyOf } from '../../../core/results/tally.ts'
import { ApiError } from '../../../core/port-errors.ts'

const answer = (code: number, reason: string, message: string) => new ApiError({ code, reason, message })

it('tells in no time about a message of a megabyte, whatever it says', () => {
  const hostile = [
    'conversion webhook for ',
    'no PriorityClass with name ',
    'storageclass.storage.k8s.io ',
    'namespaces "',
  ]
  for (const words of hostile)
    expect(troubleOf(new ApiError({ code: 400, reason: 'Invalid', message: words.repeat(50_000) }))).toBe('refused')
  const long = new ApiError({ code: 400, reason: 'Invalid', message: 'x'.repeat(1_000_000) })
  expect(long.message.length).toBe(65_536)
})

describe('an answer of the API server about one item', () => {
  it.each([
    ['refused', 500, '', 'admission webhook "a.example.com" denied the request: database is down'],
    ['refused', 500, 'InternalError', 'admission webhook "a.example.com" denied the request: no'],
    ['refused', 400, 'BadRequest', 'admission webhook "a.example.com" denied the request: no'],
    ['refused', 500, '', 'etcdserver: request is too large'],
    ['refused', 500, '', 'rpc error: code = ResourceExhausted desc = trying to send message larger than max'],
    ['refused', 413, 'RequestEntityTooLarge', 'Request entity too large: limit is 3145728'],
    ['refused', 422, 'Invalid', 'ConfigMap "a" is invalid: data: Too long'],
    ['refused', 403, 'Forbidden', 'configmaps is forbidden: User "x" cannot create resource'],
    ['backend', 500, 'InternalError', 'Internal error occurred: failed calling webhook "a": connection refused'],
    ['backend', 503, 'ServiceUnavailable', 'the server is currently unable to handle the request'],
    ['backend', 500, '', 'conversion webhook for a.example.com/v1, Kind=A failed: no endpoints available'],
    ['missing', 404, 'NotFound', 'the server could not find the requested resource'],
    ['missing', 404, 'NotFound', 'namespaces "shop" not found'],
    ['missing', 403, 'Forbidden', 'pods "a" is forbidden: error looking up service account shop/robot: not found'],
    ['missing', 403, 'Forbidden', 'pods "a" is forbidden: no PriorityClass with name high was found'],
    ['missing', 403, 'Forbidden', 'configmaps "a" is forbidden: exceeded quota: few, requested: count/configmaps=1'],
    ['passing', 409, 'Conflict', 'Operation cannot be fulfilled on resourcequotas "few": the object has been modified'],
    ['passing', 429, 'TooManyRequests', 'the server has received too many requests'],
    ['passing', 0, 'Unreachable', 'connect ECONNREFUSED 127.0.0.1:6443'],
    ['passing', 504, 'Timeout', 'request did not complete within the allotted timeout'],
    ['passing', 500, '', 'etcdserver: leader changed'],
    ['passing', 403, 'Forbidden', 'configmaps "a" is forbidden: not yet ready to handle request'],
    [
      'refused',
      403,
      'Forbidden',
      'admission webhook "a" denied the request: is forbidden: not yet ready to handle request',
    ],
    ['worker', 0, 'NoLease', 'this worker may not write'],
  ] as const)('is %s: %i %s %s', (kind, code, reason, message) => {
    expect(troubleOf(answer(code, reason, message))).toBe(kind)
  })

  it('is slow where the write ran out of its time, whatever the words', () => {
    const parts = {
      code: 500,
      reason: 'InternalError',
      message: 'failed calling webhook "a": context deadline exceeded',
    }
    expect(troubleOf(new ApiError({ ...parts, outOfTime: true }))).toBe('slow')
    expect(pauseBeforeNextTry('slow', 1)).toBeUndefined()
  })

  it('is sent a few times where it may pass soon, and once where something is missing', () => {
    expect([1, 2, 3, 4, 5].map((tries) => pauseBeforeNextTry('passing', tries))).toEqual([
      250,
      500,
      1000,
      2000,
      undefined,
    ])
    expect(pauseBeforeNextTry('missing', 1)).toBeUndefined()
    expect(pauseBeforeNextTry('backend', 1)).toBeUndefined()
  })

  it('waits as long as the server asks for, up to a minute', () => {
    expect(pauseBeforeNextTry('passing', 1, 7)).toBe(7_000)
    expect(pauseBeforeNextTry('passing', 1, 3600)).toBe(60_000)
  })
})

const since = '2026-01-01T00:00:00Z'
const failed = (at: string): Outcome => ({
  key: 'configmaps|shop|a',
  action: 'failed',
  messages: [error('namespace:shop', 'error restoring configmaps/shop/a: no')],
  at,
})
const rules = { secondChances: true, deadlineSeconds: 600 }
const after = (kind: TroubleKind, pass: number, at = since, tries = 3) =>
  afterPass({ outcome: failed(at), kind, parked: { since, tries }, pass }, rules)

describe('an item that did not get through', () => {
  it.each([
    ['missing', 0, since],
    ['missing', 1, '2026-01-01T02:00:00Z'],
    ['backend', 2, '2026-01-01T00:02:29Z'],
    ['passing', 7, '2026-01-01T00:09:59Z'],
    ['slow', 7, '2026-01-01T00:09:59Z'],
  ] as const)('of kind %s is parked after pass %i at %s', (kind, pass, at) => {
    expect(after(kind, pass, at).parked).toEqual({ since, tries: 3 })
  })

  it.each([
    ['missing', 2, since],
    ['backend', 2, '2026-01-01T00:02:30Z'],
    ['passing', 2, '2026-01-01T00:10:00Z'],
    ['slow', 2, '2026-01-01T00:10:00Z'],
  ] as const)('of kind %s is given up after pass %i at %s, and says how often it was tried', (kind, pass, at) => {
    expect(after(kind, pass, at)).toEqual({
      ...failed(at),
      messages: [error('namespace:shop', `error restoring configmaps/shop/a: no (tried 3 times until ${at})`)],
    })
  })

  it('that lacks something waits as long as others are tried, and no longer than the deadline', () => {
    const at = (when: string) => ({ outcome: failed(when), parked: { since, tries: 3 }, pass: 4, open: true })
    expect(afterPass({ kind: 'missing', ...at('2026-01-01T00:09:59Z') }, rules).parked).toBeDefined()
    expect(afterPass({ kind: 'missing', ...at('2026-01-01T00:10:00Z') }, rules).parked).toBeUndefined()
  })

  it('keeps the words of Velero alone where second chances are off', () => {
    const outcome = failed(since)
    const parked = { since, tries: 5 }
    expect(afterPass({ outcome, kind: 'passing', parked, pass: 0 }, { ...rules, secondChances: false })).toEqual(
      outcome,
    )
  })

  it('is told by any later outcome, in whatever order they are merged', () => {
    const parked = after('missing', 0, since, 1)
    const again = after('missing', 1, since, 2)
    const created: Outcome = { key: parked.key, action: 'created', messages: [], at: since }
    const omitted: Outcome = { key: parked.key, messages: [], at: since }
    for (const last of [created, omitted, failed(since)]) {
      expect(tallyOf([parked, again, last]).get(parked.key)).toBe(last)
      expect(tallyOf([last, again, parked]).get(parked.key)).toBe(last)
    }
    expect(tallyOf([again, parked]).get(parked.key)).toBe(again)
  })
})
