import type { Command } from 'commander'
import { stringify } from 'yaml'
import { veleroNamespace, webUiLink } from '../../api/connections.ts'
import type { Connections } from '../../api/connections.ts'
import { ClientError, exitCodes } from '../../api/errors.ts'
import type { ExitCode } from '../../api/errors.ts'
import { composeManifest, submitRestore, useNewestBackup } from '../../api/start-restore.ts'
import type { SubmittedRestore } from '../../api/start-restore.ts'
import type { Restore, RestoreSpec } from '../../../velero/restore.ts'
import { printResult, withConnections } from '../command.ts'
import type { GlobalOptions, Io, RunCommand } from '../command.ts'
import { readRestoreFile } from '../read-files.ts'
import { applySpecOptions, parseBoolean, parseObjectName, parsePairs, specOptions } from '../spec-options.ts'
import { showUntilOver } from './watch.ts'

interface StartOptions extends GlobalOptions {
  name?: string
  file?: string
  labels?: Record<string, string>
  annotations?: Record<string, string>
  allowPartiallyFailed?: boolean
  wait?: boolean
  dryRun?: boolean
}

const examples = `
Examples:
  drydock start --from-backup shop --wait
  drydock start shop-again --from-backup shop --include-namespaces shop --namespace-mappings shop:shop-test
  drydock start --from-schedule nightly --include-resources configmaps,secrets -l app=web
  drydock start --file restore.yaml --wait --output json`

/** Adds `start`. */
export function addStart(program: Command, run: RunCommand): void {
  const command = program
    .command('start')
    .description('create a Restore and start its workflow')
    .argument('[name]', 'name of the Restore; without it <backup>-<time>', parseObjectName)
    .option('--name <name>', 'the same, as an option', parseObjectName)
    .option('--file <file>', 'take the Restore from YAML or JSON, "-" for standard input; options override its fields')
  for (const { option } of specOptions) command.addOption(option)
  command
    .option(
      '--allow-partially-failed [bool]',
      'with --from-schedule: its newest backup may be PartiallyFailed',
      parseBoolean,
    )
    .option('--labels <a=b,…>', 'labels of the Restore', parsePairs('='))
    .option('--annotations <a=b,…>', 'annotations of the Restore', parsePairs('='))
    .option('-w, --wait', 'show the restore until it is over; the exit code says how it ended')
    .option('--dry-run', 'print the Restore and create nothing')
    .addHelpText('after', examples)
    .action((name: string | undefined) => run((io) => start(io, command.optsWithGlobals<StartOptions>(), name)))
}

async function start(io: Io, options: StartOptions, argument: string | undefined): Promise<ExitCode> {
  if (argument !== undefined && options.name !== undefined && argument !== options.name)
    throw new ClientError(exitCodes.usage, 'the name is given twice, and differently')
  const file = options.file === undefined ? undefined : readRestoreFile(options.file)
  const namespace = options.namespace ?? file?.metadata.namespace ?? veleroNamespace({})
  const request = {
    name: argument ?? options.name,
    namespace,
    file,
    labels: options.labels,
    annotations: options.annotations,
    given: { ...options },
  }
  const restore = composeRequest(request, io.now())
  if (options.dryRun === true) {
    printResult(io, options.output, restore, () => stringify(restore).trimEnd())
    return exitCodes.ok
  }
  return withConnections(io, { ...options, namespace }, (connections) => submit(io, connections, { options, restore }))
}

/** What a Restore is composed from. */
export interface StartRequest {
  name?: string | undefined
  namespace: string
  /** The Restore of `--file`. */
  file?: Restore | undefined
  labels?: Record<string, string> | undefined
  annotations?: Record<string, string> | undefined
  /** All options by their names, for the fields of the spec. */
  given: Readonly<Record<string, unknown>>
}

/** The Restore to create: that of the file, with the options in place of its fields. Throws a `ClientError`. */
export function composeRequest({ file, given, ...request }: StartRequest, now: Date): Restore {
  const spec = applySpecOptions(file?.spec ?? {}, given)
  checkSpec(spec)
  const parts = {
    spec,
    name: request.name ?? file?.metadata.name,
    namespace: request.namespace,
    labels: { ...file?.metadata.labels, ...request.labels },
    annotations: { ...file?.metadata.annotations, ...request.annotations },
  }
  return composeManifest(parts, now)
}

/** Refuses what Velero's command line refuses; the rules of admission find the rest. */
function checkSpec(spec: RestoreSpec): void {
  const isGiven = (name: string | undefined) => name !== undefined && name !== ''
  if (isGiven(spec.backupName) === isGiven(spec.scheduleName))
    throw new ClientError(exitCodes.usage, 'either --from-backup or --from-schedule is needed, and not both')
  if (spec.labelSelector && spec.orLabelSelectors)
    throw new ClientError(exitCodes.usage, '--selector and --or-selector exclude each other')
  if (spec.restoreStatus?.excludedResources && !spec.restoreStatus.includedResources)
    throw new ClientError(
      exitCodes.usage,
      '--status-exclude-resources has no effect without --status-include-resources',
    )
}

async function submit(
  io: Io,
  connections: Connections,
  { options, restore }: { options: StartOptions; restore: Restore },
): Promise<ExitCode> {
  const { wait = false, output } = options
  const spec = options.allowPartiallyFailed === true ? await useNewestBackup(connections, restore.spec) : restore.spec
  const submitted = await submitRestore(connections, { ...restore, spec })
  if (submitted.notStarted !== undefined)
    io.err.write(
      `${submitted.notStarted}; the Restore is created, and a worker that watches the cluster will take it\n`,
    )
  // With --wait a program gets the outcome alone.
  if (!wait || output === 'table') await printSubmitted(io, connections, { submitted, output })
  return wait ? showUntilOver(io, connections, { restore: submitted.restore, output }) : exitCodes.ok
}

async function printSubmitted(
  io: Io,
  connections: Connections,
  { submitted, output }: { submitted: SubmittedRestore } & Pick<GlobalOptions, 'output'>,
): Promise<void> {
  const { namespace } = connections
  const { name, uid } = submitted.restore.metadata
  const { workflowId } = submitted
  const url = webUiLink(io.env, await connections.temporal(), workflowId)
  const started = submitted.notStarted === undefined
  const value = { name, namespace, uid, workflowId, started, ...(url === undefined ? {} : { url }) }
  const created = `Restore "${name}" is created in namespace ${namespace}`
  printResult(io, output, value, () => (url === undefined ? created : `${created}\n${url}`))
}
