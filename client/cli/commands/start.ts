import type { Command } from 'commander'
import { stringify } from 'yaml'
import { awaitEnd } from '../await-end.ts'
import { ClientError } from '../../api/client-error.ts'
import { composeRestore, readRestoreFile } from '../../api/compose-restore.ts'
import { veleroNamespace } from '../../api/connections.ts'
import type { Connections } from '../../api/connections.ts'
import { exitCodes } from '../exit-codes.ts'
import type { ExitCode } from '../exit-codes.ts'
import type { Io } from '../io.ts'
import { useNewestBackup } from '../../api/newest-backup.ts'
import { objectName, pairs, truth } from '../option-values.ts'
import { print } from '../print.ts'
import { specFlags } from '../spec-options.ts'
import { submitRestore } from '../../api/start-restore.ts'
import type { Submitted } from '../../api/start-restore.ts'
import type { Restore } from '../../../velero/restore.ts'
import { uiLink } from '../../api/ui-link.ts'
import { withConnections } from '../command.ts'
import type { GlobalOptions } from '../command.ts'

interface StartCommandOptions extends GlobalOptions {
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
export function addStart(program: Command, run: (work: (io: Io) => Promise<ExitCode>) => Promise<void>): void {
  const command = program
    .command('start')
    .description('create a Restore and start its workflow')
    .argument('[name]', 'name of the Restore; without it <backup>-<time>', objectName)
    .option('--name <name>', 'the same, as an option', objectName)
    .option('--file <file>', 'take the Restore from YAML or JSON, "-" for standard input; options are laid over it')
  for (const { option } of specFlags) command.addOption(option)
  command
    .option('--allow-partially-failed [bool]', 'with --from-schedule: its newest backup may be PartiallyFailed', truth)
    .option('--labels <a=b,…>', 'labels of the Restore', pairs('='))
    .option('--annotations <a=b,…>', 'annotations of the Restore', pairs('='))
    .option('-w, --wait', 'show the restore until it is over; the exit code says how it ended')
    .option('--dry-run', 'print the Restore and create nothing')
    .addHelpText('after', examples)
    .action((name: string | undefined) => run((io) => start(io, command.optsWithGlobals<StartCommandOptions>(), name)))
}

async function start(io: Io, options: StartCommandOptions, argument: string | undefined): Promise<ExitCode> {
  if (argument !== undefined && options.name !== undefined && argument !== options.name)
    throw new ClientError(exitCodes.usage, 'the name is given twice, and differently')
  const file = options.file === undefined ? undefined : readRestoreFile(options.file)
  const namespace = options.namespace ?? file?.metadata.namespace ?? veleroNamespace({})
  const restore = composeRestore({
    name: argument ?? options.name,
    namespace,
    file,
    labels: options.labels,
    annotations: options.annotations,
    specOptions: { ...options },
    now: io.now(),
  })
  if (options.dryRun === true) {
    print(io, options.output, restore, () => stringify(restore).trimEnd())
    return exitCodes.ok
  }
  return withConnections(io, { ...options, namespace }, (connections) => submit(io, connections, { options, restore }))
}

async function submit(
  io: Io,
  connections: Connections,
  { options, restore }: { options: StartCommandOptions; restore: Restore },
): Promise<ExitCode> {
  const spec = options.allowPartiallyFailed === true ? await useNewestBackup(connections, restore.spec) : restore.spec
  const submitted = await submitRestore(connections, { ...restore, spec })
  if (submitted.notStarted !== undefined)
    io.err.write(
      `${submitted.notStarted}; the Restore is created, and a worker that watches the cluster will take it\n`,
    )
  if (options.wait !== true || options.output === 'table') await tell(io, connections, { submitted, options })
  return options.wait === true
    ? awaitEnd(io, connections, { restore: submitted.restore, output: options.output })
    : exitCodes.ok
}

async function tell(
  io: Io,
  connections: Connections,
  { submitted, options }: { submitted: Submitted; options: StartCommandOptions },
): Promise<void> {
  const { name, uid } = submitted.restore.metadata
  const url = uiLink(io.env, await connections.temporal(), submitted.workflowId)
  const value = {
    name,
    namespace: connections.namespace,
    uid,
    workflowId: submitted.workflowId,
    started: submitted.notStarted === undefined,
    ...(url === undefined ? {} : { url }),
  }
  print(io, options.output, value, () =>
    [`Restore "${name}" is created in namespace ${connections.namespace}`, ...(url === undefined ? [] : [url])].join(
      '\n',
    ),
  )
}
