import { renameSync, writeFileSync } from 'node:fs'
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker'
import { workflowsPath } from './workflow-code.ts'

/**
 * `node worker/bundle-workflows.ts FILE` writes what `DRYDOCK_WORKFLOW_BUNDLE` names: the code of the workflows, bundled. A reader
 * of the file sees all of it or nothing.
 */
const [file] = process.argv.slice(2)
if (file === undefined) throw new Error('name the file to write: node worker/bundle-workflows.ts FILE')
const { code } = await bundleWorkflowCode({
  workflowsPath,
  logger: new DefaultLogger('WARN'),
  // Workers hold the map of the source in memory, and need the text of the source for nothing.
  webpackConfigHook: (config) => ({ ...config, devtool: 'inline-nosources-source-map' }),
})
const unfinished = `${file}.${process.pid}`
writeFileSync(unfinished, code)
renameSync(unfinished, file)
