import { describe, expect, it } from 'vitest'
import { hookKey, judgeHooks } from '../../../core/hooks/judge-hooks.ts'
import type { PodHooks } from '../../../core/hooks/pod-hooks.ts'

const aHook = {
  name: 'h',
  source: 'spec',
  container: 'app',
  command: ['x'],
  onError: '',
  execTimeoutMs: 0,
  waitTimeoutMs: 0,
  waitForReady: false,
} as const
const pod = (uid: string, hooks = 1): PodHooks => ({
  namespace: 'shop',
  name: uid,
  uid,
  containers: ['app'],
  hooks: Array.from({ length: hooks }, () => aHook),
})

describe('the verdict on hooks', () => {
  it('counts each hook, and those that failed, with one error each in the namespace of the pod', () => {
    const results = new Map([
      [hookKey('a', 0), { problem: '' }],
      [hookKey('a', 1), { problem: 'bad' }],
      [hookKey('b', 0), { problem: '' }],
    ])
    expect(judgeHooks({ pods: [pod('a', 2), pod('b')], results, intents: new Set() }, 'velero')).toEqual({
      hooksAttempted: 3,
      hooksFailed: 1,
      messages: [{ severity: 'error', scope: 'namespace:shop', text: 'bad' }],
    })
  })

  it('without hooks there is nothing to say', () => {
    expect(judgeHooks({ pods: [], results: new Map(), intents: new Set() }, 'velero')).toEqual({
      hooksAttempted: 0,
      hooksFailed: 0,
      messages: [],
    })
  })

  it('hooks without a result are named, and the restore says in Velero’s words that the time was over', () => {
    const verdict = judgeHooks(
      { pods: [pod('a'), pod('b')], results: new Map(), intents: new Set([hookKey('b', 0)]) },
      'velero',
    )
    expect(verdict).toMatchObject({ hooksAttempted: 2, hooksFailed: 2 })
    expect(verdict.messages.map(({ scope, text }) => [scope, text.slice(0, 72)])).toEqual([
      ['namespace:shop', 'hook h in container app in pod shop/a not executed: context deadline exceeded'.slice(0, 72)],
      ['namespace:shop', 'hook h in container app may have run: its worker vanished while it ran in pod'.slice(0, 72)],
      ['namespace:velero', 'context deadline exceeded'],
    ])
  })
})
