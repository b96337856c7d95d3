import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it, onTestFinished } from 'vitest'
import { watchStalls } from './stall-watch.ts'

it('tells what waited while the process stood still, before and after its own next tick', async () => {
  const watch = watchStalls()
  onTestFinished(() => watch.stop())
  await sleep(120)
  const from = performance.now()
  while (performance.now() - from < 400);
  expect(watch.heldMs()).toBeGreaterThan(250)
  await new Promise(setImmediate)
  expect(watch.heldMs()).toBeGreaterThan(250)
})
