import { fileURLToPath } from 'node:url'
import type { WorkerOptions } from '@temporalio/worker'

/** Where the workflows are. */
export const workflowsPath: string = fileURLToPath(new URL('../workflows/index.ts', import.meta.url))

/**
 * The code of the workflows for a worker: the bundle where there is one, else the source, which Temporal's worker bundles. Traces
 * add a part of their own to the code, so with them it is always bundled anew.
 */
export function workflowCode(
  bundle: string | undefined,
  isTraced: boolean,
): Pick<WorkerOptions, 'workflowBundle' | 'workflowsPath'> {
  return bundle === undefined || isTraced ? { workflowsPath } : { workflowBundle: { codePath: bundle } }
}
