import { execFile } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { TestProject } from 'vitest/node'
import { startStack, stopStack } from '../../../devstack/stack.ts'
import type { FullStack } from '../../../devstack/stack-types.ts'
import { ownDir, sweepLeftovers } from './sweep.ts'

declare module 'vitest' {
  interface ProvidedContext {
    stack: FullStack
  }
}

const run = promisify(execFile)
const bundler = fileURLToPath(new URL('../../../worker/bundle-workflows.ts', import.meta.url))

/** Starts the one stack of a test run (Temporal, bucket, a first cluster) and stops it in the end, whatever happened. */
export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  await sweepLeftovers()
  const [dir, bundleDir] = [ownDir(), ownDir()]
  // Once for all workers of the run: each would bundle for seconds.
  const bundle = join(bundleDir, 'workflows.js')
  const bundling = run(process.execPath, [bundler, bundle])
  bundling.catch(() => {})
  const stack = await startStack({
    dir,
    report: (line) => console.error(line),
  })
  await bundling
  process.env['DRYDOCK_WORKFLOW_BUNDLE'] = bundle
  project.provide('stack', stack)
  return async () => {
    await stopStack(dir)
    for (const own of [dir, bundleDir]) await rm(own, { recursive: true, force: true })
  }
}
