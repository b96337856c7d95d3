import { execFile } from 'node:child_process'
import { copyFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { keptBundle } from '../../../worker/workflow-code.ts'

const run = promisify(execFile)
const bundler = fileURLToPath(new URL('../../../worker/bundle-workflows.ts', import.meta.url))

/**
 * Writes the workflows' bundle for all workers that this process starts: each would bundle for seconds. It comes from the cache
 * where it is there; the copy is this run's own, since others may push it out of the cache.
 */
export async function bundleOnce(file: string): Promise<void> {
  const kept = await keptBundle({ debug: () => {} })
  if (kept === undefined) await run(process.execPath, [bundler, file])
  else await copyFile(kept, file)
  process.env['DRYDOCK_WORKFLOW_BUNDLE'] = file
}
