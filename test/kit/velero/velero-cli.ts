import { execFile } from 'node:child_process'
import { obtainTool } from '../../../devstack/tools/obtain-tool.ts'
import type { Cluster } from '../../../devstack/stack-types.ts'

/** What a run of the `velero` command line gave. */
export interface CliResult {
  code: number
  stdout: string
  stderr: string
}

/** The path of the real `velero`, obtained where it is not there yet. */
export function veleroBinary(): Promise<string> {
  return obtainTool('velero', { report: () => undefined, signal: new AbortController().signal })
}

/** Runs the real `velero` against a cluster. */
export async function velero(cluster: Cluster, ...args: string[]): Promise<CliResult> {
  const binary = await veleroBinary()
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
