import { describe, expect, it } from 'vitest'
import { mayRepeatSideEffects } from '../../../core/items/slow-webhooks.ts'
import type { Manifest } from '../../../velero/manifest.ts'

const rule = { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['configmaps'] }

function webhooks(...list: object[]): Manifest[] {
  return [{ apiVersion: 'v1', kind: 'ValidatingWebhookConfiguration', metadata: { name: 'w' }, webhooks: list }]
}

describe('a write is sent once where', () => {
  it.each<[string, object, string]>([
    ['a slow webhook has side effects', { sideEffects: 'NoneOnDryRun', timeoutSeconds: 10 }, 'configmaps'],
    ['a webhook does not say how slow it may be', { sideEffects: 'NoneOnDryRun' }, 'configmaps'],
    ['an older webhook does not know its side effects', { sideEffects: 'Unknown' }, 'configmaps'],
    ['it is asked about all', { rules: [{ ...rule, apiGroups: ['*'], resources: ['*/*'] }] }, 'gizmos.example.com'],
    [
      'it is asked about the status',
      { rules: [{ ...rule, operations: ['*'], resources: ['configmaps/status'] }] },
      'configmaps',
    ],
  ])('%s', (_what, more, groupResource) => {
    const found = webhooks({ rules: [rule], sideEffects: 'NoneOnDryRun', ...more })
    expect(mayRepeatSideEffects(found, 3)(groupResource)).toBe(true)
  })

  it('webhooks take too long one after the other, and one of them has side effects', () => {
    const quick = { rules: [rule], timeoutSeconds: 2 }
    const together = webhooks({ ...quick, sideEffects: 'None' }, { ...quick, sideEffects: 'NoneOnDryRun' })
    expect(mayRepeatSideEffects(together, 3)('configmaps')).toBe(true)
    expect(mayRepeatSideEffects(together, 4)('configmaps')).toBe(false)
  })
})

describe('a write may be sent again where', () => {
  it.each<[string, object, string]>([
    ['the webhook has no side effects', { sideEffects: 'None', timeoutSeconds: 30 }, 'configmaps'],
    ['the webhook is quick', { timeoutSeconds: 2 }, 'configmaps'],
    ['the webhook is about another kind', {}, 'secrets'],
    ['the webhook is about another group', {}, 'configmaps.example.com'],
    ['the webhook is about deletions', { rules: [{ ...rule, operations: ['DELETE'] }] }, 'configmaps'],
    ['its rules are damaged', { rules: 'none' }, 'configmaps'],
  ])('%s', (_what, more, groupResource) => {
    const found = webhooks({ rules: [rule], sideEffects: 'NoneOnDryRun', ...more })
    expect(mayRepeatSideEffects(found, 3)(groupResource)).toBe(false)
  })
})
