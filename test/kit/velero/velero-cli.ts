import { execFile } from 'node:child_process'
import { obtainTool } from '../../../devstack/tools/obtain-tool.ts'
import type { TestCluster } from '../stack.ts'

/** What a run of the `velero` command line gave. */
export interface CliResult {
  code: number
  stdout: string
  stderr: string
}

/** Runs the real `velero` against a cluster. */
export async function velero(cluster: TestCluster, ...args: string[]): Promise<CliResult> {
  const binary = await obtainTool('velero', { report: () => undefined, signal: new AbortController().signal })
  const env = {
    ...process.env,
    KUBECONFIG: cluster.kubeconfig,
    VELERO_NAMESPACE: cluster.veleroNamespace,
    HOME: cluster.dir,
  }
  return new Promise((resolve) => {
    execFile(binary, args, { env, timeout: 170_000, maxBuffer: 64 << 20 }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : typeof error.code === 'number' ? error.code : -1, stdout, stderr }),
    )
  })
}
