import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { WorkerOptions } from '@temporalio/worker'

/** Where the workflows are. */
export const workflowsPath: string = fileURLToPath(new URL('../workflows/index.ts', import.meta.url))

/**
 * The code of the workflows for a worker: the bundle where there is one, else the source, which Temporal's worker bundles. Traces
 * add a part of their own to the code, so with them it is bundled anew, or the package's other bundle is taken.
 */
export function workflowCode(
  bundle: string | undefined,
  isTraced: boolean,
): Pick<WorkerOptions, 'workflowBundle' | 'workflowsPath'> {
  const codePath = (isTraced ? undefined : bundle) ?? packagedBundle(isTraced)
  return codePath === undefined ? { workflowsPath } : { workflowBundle: { codePath } }
}

/** In the published package the bundles lie beside the worker's code, and there is no source. */
function packagedBundle(isTraced: boolean): string | undefined {
  const name = isTraced ? './workflows-traced.bundle.js' : './workflows.bundle.js'
  const file = fileURLToPath(new URL(name, import.meta.url))
  return existsSync(file) ? file : undefined
}
