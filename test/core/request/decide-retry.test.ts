import { expect, it } from 'vitest'
import { isThrough } from '../../../core/request/decide-retry.ts'

it('a retry leaves alone what was created, and does again what a cancel has cut off after its create', () => {
  const created = {
    key: 'configmaps|shop|prices',
    action: 'created',
    messages: [],
    at: '2026-01-02T03:04:05Z',
  } as const
  expect(isThrough(created, new Set())).toBe(true)
  expect(isThrough({ ...created, cut: true }, new Set())).toBe(false)
})
