import { Option } from 'commander'
import type { Command } from 'commander'
import packageJson from '../../package.json' with { type: 'json' }
import { startTracing } from '../../infra/traces/start-tracing.ts'
import { tracingProblems } from '../../infra/traces/is-tracing-asked.ts'
import type { Connections } from '../api/connections.ts'
import { ClientError, exitCodes } from '../api/errors.ts'
import type { ExitCode } from '../api/errors.ts'
import type { DisplayStream } from '../show/progress.ts'
import { veleroOptions } from './velero-options.ts'
import { yaml } from './yaml.ts'

/** Where a command writes, and what it knows of its process; a test has its own. */
export interface Io {
  out: DisplayStream
  err: DisplayStream
  /** Answers to questions are read from it. */
  in: NodeJS.ReadableStream
  env: Readonly<Record<string, string | undefined>>
  now: () => Date
}

/** Runs what a command does, and keeps the exit code that it returns. */
export type RunCommand = (command: (io: Io) => Promise<ExitCode>) => Promise<void>

/** The formats of `--output`. */
export const outputFormats = ['table', 'json', 'yaml'] as const

/** One of them. */
export type OutputFormat = (typeof outputFormats)[number]

/** The options that every command has. */
export interface GlobalOptions {
  kubeconfig?: string
  context?: string
  namespace?: string
  profile?: string
  output: OutputFormat
  verbose?: boolean
  /** Velero's names for `context` and `verbose`. */
  kubecontext?: string
  v?: number
}

/** Adds the global options; on the command line they may stand before or after the command. */
export function addGlobalOptions(program: Command): Command {
  program
    .option('--kubeconfig <file>', 'the kubeconfig; without it KUBECONFIG or ~/.kube/config')
    .option('--context <name>', 'a context of the kubeconfig')
    .option('-n, --namespace <name>', "Velero's namespace; without it VELERO_NAMESPACE or velero")
    .option('--profile <name>', "a profile of Temporal's configuration file; TEMPORAL_* variables override it")
    .addOption(new Option('-o, --output <format>', 'how to print').choices(outputFormats).default('table'))
    .option('--verbose', 'show log lines of the connections, and stack traces')
  for (const option of veleroOptions()) program.addOption(option)
  return program
}

/**
 * Opens the connections, traced where OpenTelemetry's variables ask for it, runs a command with them and closes them in
 * any case.
 */
export async function withConnections<T>(
  io: Io,
  options: GlobalOptions,
  run: (connections: Connections) => Promise<T>,
): Promise<T> {
  const verbose = isVerbose(options) ? (line: string) => void io.err.write(`${line}\n`) : undefined
  const [problem] = tracingProblems(io.env)
  if (problem !== undefined) io.err.write(`no traces are sent: ${problem}\n`)
  const service = { service: 'drydock', version: packageJson.version, warn: (line: string) => verbose?.(line) }
  const tracing = problem === undefined ? await startTracing(io.env, service) : undefined
  const plugins = tracing === undefined ? [] : [tracing.plugin]
  try {
    const { openConnections } = await import('../api/connections.ts')
    const connections = await openConnections({ ...options, context: contextOf(options), plugins, verbose })
    try {
      return await run(connections)
    } finally {
      await connections.close()
    }
  } finally {
    await tracing?.end()
  }
}

/** Whether log lines and stack traces are asked for. */
export function isVerbose({ verbose = false, v = 0 }: Pick<GlobalOptions, 'verbose' | 'v'>): boolean {
  return verbose || v > 0
}

/** The context that is asked for, by either name. Throws a `ClientError` where both are given and differ. */
export function contextOf({ context, kubecontext }: GlobalOptions): string | undefined {
  if (context !== undefined && kubecontext !== undefined && context !== kubecontext)
    throw new ClientError(exitCodes.usage, '--context and --kubecontext are the same option, and name two contexts')
  return context ?? kubecontext
}

/** Prints a result: for `json` and `yaml` the value, for `table` the text that is made of it for people. */
export function printResult(io: Pick<Io, 'out'>, format: OutputFormat, value: object, text: () => string): void {
  io.out.write(`${formatResult(format, value, text)}\n`)
}

function formatResult(format: OutputFormat, value: object, text: () => string): string {
  switch (format) {
    case 'table':
      return text()
    case 'json':
      return JSON.stringify(value, null, 2)
    case 'yaml':
      return yaml().stringify(value).trimEnd()
  }
}
