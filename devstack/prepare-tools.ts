import { obtainTool } from './tools/obtain-tool.ts'
import type { ToolName } from './tools/tools.ts'

/** What the tests start: all that is found or made before them, so that no test waits for a build. */
const wanted: readonly ToolName[] = [
  'temporal',
  'versitygw',
  'etcd',
  'kube-apiserver',
  'velero',
  'velero-plugin-for-aws',
  'kube-controller-manager',
  'kube-scheduler',
  'kwok',
]

/** Gets every tool, one after the other, with a line for each that must be fetched or built. Throws `ToolUnavailable`. */
export async function prepareTools(report: (line: string) => void = console.error): Promise<void> {
  const stop = new AbortController()
  for (const name of wanted) await obtainTool(name, { report, signal: stop.signal })
}
