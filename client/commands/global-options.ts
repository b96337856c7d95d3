import { Option } from 'commander'
import type { Command } from 'commander'
import { openConnections } from '../connections.ts'
import type { Connections } from '../connections.ts'
import type { Io } from '../io.ts'
import { outputFormats } from '../print.ts'
import type { OutputFormat } from '../print.ts'

/** What every command takes. */
export interface GlobalOptions {
  kubeconfig?: string
  context?: string
  namespace?: string
  profile?: string
  output: OutputFormat
  verbose?: boolean
}

/** Adds them to the program; they may stand before or after the command. */
export function addGlobalOptions(program: Command): Command {
  return program
    .option('--kubeconfig <file>', 'the kubeconfig; without it KUBECONFIG or ~/.kube/config')
    .option('--context <name>', 'a context of the kubeconfig')
    .option('-n, --namespace <name>', "Velero's namespace; without it VELERO_NAMESPACE or velero")
    .option('--profile <name>', "a profile of Temporal's configuration file; TEMPORAL_* variables win over it")
    .addOption(new Option('-o, --output <format>', 'how to print').choices(outputFormats).default('table'))
    .option('--verbose', 'show what goes on underneath, and stack traces')
}

/** Connects, runs, and closes the connections whatever happened. */
export async function withConnections<T>(
  io: Io,
  options: GlobalOptions,
  run: (connections: Connections) => Promise<T>,
): Promise<T> {
  const connections = await openConnections({
    ...options,
    verbose: options.verbose === true ? (line) => void io.err.write(`${line}\n`) : undefined,
  })
  try {
    return await run(connections)
  } finally {
    await connections.close()
  }
}
