import { describe, expect, it } from 'vitest'
import type { ItemStep } from '../../../activities/items/item-work.ts'
import type { ItemTools } from '../../../activities/items/item-tools.ts'
import { deadlineFor, tryItem } from '../../../activities/items/side-by-side.ts'
import type { TroubleKind } from '../../../core/items/item-trouble.ts'
import { error } from '../../../core/items/outcome.ts'
import type { Outcome } from '../../../core/items/outcome.ts'
import { ApiError } from '../../../core/port-errors.ts'
import { createClock } from '../../ports/clock.ts'

const away = new ApiError({ code: 0, reason: 'Unreachable', message: 'connect ECONNREFUSED' })

/** Sends an item that answers with these steps, the last one for ever, on a simulated clock. */
function trial(steps: readonly ItemStep[], options: { serverAway?: boolean; before?: Outcome; pass?: number } = {}) {
  const clock = createClock()
  const tools = {
    clock,
    attempt: { signal: new AbortController().signal },
    chances: { secondChances: true, deadlineSeconds: 600 },
    cluster: { get: () => (options.serverAway === true ? Promise.reject(away) : Promise.resolve(undefined)) },
    now: () => clock.now().toISOString(),
  } as unknown as ItemTools
  let sent = 0
  const send = async () => steps[Math.min(sent++, steps.length - 1)] as ItemStep
  const work = tryItem(send, { before: options.before, pass: options.pass ?? 0 }, tools)
  return { result: clock.run(work), sent: () => sent, clock }
}

const outcomeAt = (parts: Partial<Outcome> = {}): Outcome => ({
  key: 'configmaps|shop|a',
  action: 'failed',
  messages: [error('namespace:shop', 'no')],
  at: '2026-01-02T03:04:05Z',
  ...parts,
})
interface Given {
  before?: Outcome
  pass?: number
  secondChances?: boolean
}
const trouble = (kind: TroubleKind, thrown?: unknown): ItemStep => ({ trouble: { kind, outcome: outcomeAt(), thrown } })
const created: ItemStep = { done: outcomeAt({ action: 'created', messages: [] }) }

describe('sending an item', () => {
  it('ends with the first outcome, and does not count a single try', async () => {
    const { result, sent } = trial([created])
    expect(await result).toEqual(created)
    expect(sent()).toBe(1)
  })

  it('goes on while the trouble may pass, and says how often it was sent', async () => {
    const { result } = trial([trouble('passing', away), trouble('passing', away), created])
    expect(await result).toMatchObject({ done: { action: 'created', tries: 3 } })
  })

  it('parks the item where the API server answers others', async () => {
    const { result, sent } = trial([trouble('passing', away)])
    expect(await result).toMatchObject({ done: { action: 'failed', parked: { tries: 5 } } })
    expect(sent()).toBe(5)
  })

  it('throws the trouble where the API server answers nobody: then it is not about this item', async () => {
    await expect(trial([trouble('passing', away)], { serverAway: true }).result).rejects.toBe(away)
  })

  it('parks an item that takes long at once, and remembers that it does', async () => {
    const { result, sent } = trial([trouble('slow', away)])
    expect(await result).toMatchObject({ done: { action: 'failed', parked: { tries: 1, slow: true } } })
    expect(sent()).toBe(1)
  })

  it.each([
    ['short', 'in its wave', {}],
    ['long', 'after it was too slow', { before: outcomeAt({ parked: { since: '', tries: 1, slow: true } }), pass: 1 }],
    [undefined, 'after other trouble', { before: outcomeAt({ parked: { since: '', tries: 1 } }), pass: 1 }],
    [undefined, 'where it has no second chance', { secondChances: false }],
  ])('gives it the deadline %s %s', (deadline, _when, { before, pass = 0, secondChances = true }: Given) => {
    expect(deadlineFor({ before, pass }, { chances: { secondChances, deadlineSeconds: 600 } })).toBe(deadline)
  })

  it('sends an item once in a pass where something is missing', async () => {
    const { result, sent } = trial([trouble('missing')])
    expect(await result).toMatchObject({ done: { parked: { tries: 1 } } })
    expect(sent()).toBe(1)
  })

  it('counts the tries of earlier passes, and gives up after the last one', async () => {
    const before = outcomeAt({ parked: { since: '2026-01-02T03:00:00Z', tries: 2 } })
    const { result } = trial([trouble('missing')], { before, pass: 2 })
    const { done } = (await result) as { done: Outcome }
    expect(done.parked).toBeUndefined()
    expect(done.messages[0]?.text).toBe('no (tried 3 times until 2026-01-02T03:04:05Z)')
  })
})
