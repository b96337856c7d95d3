import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { TestProject } from 'vitest/node'
import { startStack } from '../../../devstack/stack.ts'
import type { FullStack } from '../../../devstack/stack-types.ts'
import { ownDir, removeOwn, sweepLeftovers } from './sweep.ts'

declare module 'vitest' {
  interface ProvidedContext {
    stack: FullStack
    /** The folder of the pool of clusters. */
    clusters: string
  }
}

const run = promisify(execFile)
const bundler = fileURLToPath(new URL('../../../worker/bundle-workflows.ts', import.meta.url))

/** Starts the one stack of a test run (Temporal, bucket, a first cluster) and stops it in the end, whatever happened. */
export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  await sweepLeftovers()
  const [dir, bundleDir, clusters] = [ownDir(), ownDir(), ownDir()]
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
  project.provide('clusters', clusters)
  return async () => {
    for (const own of [clusters, dir, bundleDir]) await removeOwn(own)
  }
}
