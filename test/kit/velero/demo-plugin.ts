import { obtainTool } from '../../../devstack/tools/obtain-tool.ts'

/** The binary of the plugin in `devstack/go/velero/demo-plugin`, built on Velero's own framework. */
export function demoPlugin(): Promise<string> {
  return obtainTool('velero-demo-plugin', { report: () => undefined, signal: new AbortController().signal })
}
