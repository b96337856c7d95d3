import type { ActivityOptions } from '@temporalio/workflow'
import { expect, it } from 'vitest'

it('a misspelt duration does not type-check', () => {
  const right: ActivityOptions = { startToCloseTimeout: '1 minute' }
  // @ts-expect-error the compiler knows the units; without types/ms.d.ts any text would do
  const wrong: ActivityOptions = { startToCloseTimeout: '1 mintue' }
  expect([right, wrong]).toHaveLength(2)
})
