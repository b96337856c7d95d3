import { writeFileSync } from 'node:fs'
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker'
import { workflowsPath } from './workflow-code.ts'

/**
 * `node worker/bundle-workflows.ts FILE` writes what `DRYDOCK_WORKFLOW_BUNDLE` names: the code of the workflows, bundled. A worker
 * without it bundles at each start, for two seconds of CPU.
 */
const [file] = process.argv.slice(2)
if (file === undefined) throw new Error('name the file to write: node worker/bundle-workflows.ts FILE')
const { code } = await bundleWorkflowCode({ workflowsPath, logger: new DefaultLogger('WARN') })
writeFileSync(file, code)
