import { describe, expect, it } from 'vitest'
import type { ExecHook } from '../../core/hooks/pod-hooks.ts'
import { mayHaveRun } from '../../core/hooks/pod-hooks.ts'
import { differencesBeside, takeLostHooks } from './compare.ts'

const hook = { name: 'warm-up', container: 'app' } as ExecHook
const line = mayHaveRun({ namespace: 'shop', name: 'p' }, hook)
const results = 'restores/r/restore-r-results.gz'

const ended = (phase: string, status: object, errors: object, ran: object) => ({
  objects: { 'Restore r': { phase, ...status } },
  files: { [results]: { warnings: {}, errors } },
  ran,
})

describe('the end of a restore whose hook was lost with its worker', () => {
  it('is that of an undisturbed one but for the hook', () => {
    const undisturbed = ended(
      'Completed',
      { errors: 0, hookStatus: { hooksAttempted: 1 } },
      {},
      { 'shop/p app: run': 1 },
    )
    const hookStatus = { hooksAttempted: 1, hooksFailed: 1 }
    const end = ended('PartiallyFailed', { errors: 1, hookStatus }, { namespaces: { shop: [line] } }, {})
    const lost = takeLostHooks(end)
    expect(lost).toEqual(['app'])
    expect(differencesBeside(lost, end, undisturbed)).toEqual([])
  })

  it('is not where it has another error too', () => {
    const undisturbed = ended('Completed', { errors: 0 }, {}, {})
    const namespaces = { shop: [line, 'no'], web: ['no'] }
    const end = ended('PartiallyFailed', { errors: 3, hookStatus: { hooksFailed: 1 } }, { namespaces }, {})
    expect(differencesBeside(takeLostHooks(end), end, undisturbed)).not.toEqual([])
    expect(end.files[results]?.errors).toEqual({ namespaces: { shop: ['no'], web: ['no'] } })
    expect(end.objects['Restore r']).toMatchObject({ phase: 'PartiallyFailed', errors: 2 })
  })
})
