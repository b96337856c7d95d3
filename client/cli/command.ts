import { Option } from 'commander'
import type { Command } from 'commander'
import packageJson from '../../package.json' with { type: 'json' }
import { startTracing } from '../../infra/traces/start-tracing.ts'
import { tracingProblems } from '../../infra/traces/is-tracing-asked.ts'
import { openConnections } from '../api/connections.ts'
import type { Connections } from '../api/connections.ts'
import type { Io } from './io.ts'
import { outputFormats } from './print.ts'
import type { OutputFormat } from './print.ts'

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

/** Connects, with traces where OpenTelemetry's variables ask for them, runs, and closes the connections whatever happened. */
export async function withConnections<T>(
  io: Io,
  options: GlobalOptions,
  run: (connections: Connections) => Promise<T>,
): Promise<T> {
  const verbose = options.verbose === true ? (line: string) => void io.err.write(`${line}\n`) : undefined
  const [problem] = tracingProblems(io.env)
  if (problem !== undefined) io.err.write(`no traces are sent: ${problem}\n`)
  const told = { service: 'drydock', version: packageJson.version, warn: (line: string) => verbose?.(line) }
  const tracing = problem === undefined ? await startTracing(io.env, told) : undefined
  const plugins = tracing === undefined ? [] : [tracing.plugin]
  try {
    const connections = await openConnections({ ...options, plugins, verbose })
    try {
      return await run(connections)
    } finally {
      await connections.close()
    }
  } finally {
    await tracing?.end()
  }
}
