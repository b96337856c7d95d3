import { rm } from 'node:fs/promises'
import type { TestProject } from 'vitest/node'
import { startStack, stopStack } from '../../../devstack/stack.ts'
import type { FullStack } from '../../../devstack/stack-types.ts'
import { ownDir, sweepLeftovers } from './sweep.ts'

declare module 'vitest' {
  interface ProvidedContext {
    stack: FullStack
  }
}

/** Starts the one stack of a test run (Temporal, bucket, a first cluster) and stops it in the end, whatever happened. */
export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  await sweepLeftovers()
  const dir = ownDir()
  const stack = await startStack({
    dir,
    backups: ['shop', 'full', 'bulk5k'],
    audit: true,
    report: (line) => console.error(line),
  })
  project.provide('stack', stack)
  return async () => {
    await stopStack(dir)
    await rm(dir, { recursive: true, force: true })
  }
}
