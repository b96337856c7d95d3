import { expect, it } from 'vitest'
import { runCases } from './run-cases.ts'

it('ends each input that nobody wrote with a value or with one error that is told', async () => {
  const { findings, refused } = await runCases(1, { from: 0, count: 2_000 })
  expect(findings).toEqual([])
  expect(refused).toBeGreaterThan(500)
})
