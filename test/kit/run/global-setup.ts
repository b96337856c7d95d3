import { execFile } from 'node:child_process'
import { copyFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { TestProject } from 'vitest/node'
import { startStack } from '../../../devstack/stack.ts'
import type { FullStack } from '../../../devstack/stack-types.ts'
import { keptBundle } from '../../../worker/workflow-code.ts'
import { noteEtcd } from '../clusters/cluster-pool.ts'
import { poolFolder } from './clusters-setup.ts'
import { ownDir, removeOwn, sweepLeftovers } from './sweep.ts'

declare module 'vitest' {
  interface ProvidedContext {
    stack: FullStack
  }
}

const run = promisify(execFile)
const bundler = fileURLToPath(new URL('../../../worker/bundle-workflows.ts', import.meta.url))

/** From the cache where it is there; the copy is this run's own, since others may push it out of the cache. */
async function bundleInto(file: string): Promise<void> {
  const kept = await keptBundle({ debug: () => {} })
  if (kept === undefined) await run(process.execPath, [bundler, file])
  else await copyFile(kept, file)
}

/** Starts the one stack of a test run (Temporal, bucket, a first cluster) and stops it in the end, whatever happened. */
export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  await sweepLeftovers()
  const [dir, bundleDir] = [ownDir(), ownDir()]
  // Once for all workers of the run: each would bundle for seconds.
  const bundle = join(bundleDir, 'workflows.js')
  const bundling = bundleInto(bundle)
  bundling.catch(() => {})
  const stack = await startStack({
    dir,
    lean: true,
    report: (line) => console.error(line),
  })
  await bundling
  process.env['DRYDOCK_WORKFLOW_BUNDLE'] = bundle
  project.provide('stack', stack)
  noteEtcd(poolFolder(), stack.etcd)
  return async () => {
    for (const own of [dir, bundleDir]) await removeOwn(own)
  }
}
