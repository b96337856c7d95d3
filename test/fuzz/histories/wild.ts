import type { Dice } from '../chance.ts'

const deep = (depth: number): unknown => JSON.parse('['.repeat(depth) + ']'.repeat(depth)) as unknown

/** Values that stand where a reader expects others. */
const values: readonly (() => unknown)[] = [
  () => null,
  () => true,
  () => false,
  () => 0,
  () => -1,
  () => 0.5,
  () => 1e9,
  () => 1e308,
  () => '',
  () => 'x',
  () => '__proto__',
  () => 'the Restore was deleted',
  () => '2026-01-01T00:00:00Z',
  () => 'x'.repeat(300_000),
  () => '\ud800\u0000',
  () => [],
  () => [null],
  () => [[], {}, 1, 'x'],
  () => Array.from({ length: 20_000 }, (_, at) => `name-${at}`),
  () => deep(2_000),
  () => ({}),
  () => ({ reason: null }),
  () => ({ reason: {} }),
  () => ({ reason: 'x'.repeat(300_000) }),
  () => ({ workflowId: 1, runId: [] }),
  () => ({ workflowId: 'a', runId: 'b' }),
  () => ({ run: { workflowId: 'a', runId: 'b' }, namespaces: ['a'] }),
  () => ({ run: null, namespaces: [1] }),
  () => JSON.parse('{"__proto__": {"reason": "x"}, "constructor": 1}') as unknown,
  () => ({ waitingFor: 'x', afterSeconds: -1 }),
  () => ({ waitingFor: {}, afterSeconds: 1e308, carry: null }),
]

/** Some value; mostly one that a reader does not expect. */
export function wildValue(dice: Dice): unknown {
  return dice.oneOf(values)()
}

/** Puts other values in place of some parts of a JSON value, leaves out others, and doubles lists. */
export function withWildValues(value: unknown, dice: Dice): unknown {
  if (dice.below(12) === 0) return wildValue(dice)
  if (Array.isArray(value)) {
    const parts = value.map((part) => withWildValues(part, dice))
    return dice.below(8) === 0 ? [...parts, ...parts] : parts
  }
  if (typeof value !== 'object' || value === null) return value
  const kept = Object.entries(value).filter(() => dice.below(12) > 0)
  return Object.fromEntries(kept.map(([key, part]) => [key, withWildValues(part, dice)]))
}
