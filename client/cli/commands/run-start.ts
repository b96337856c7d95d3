import { annotationFaults } from '../../../core/asked/annotations.ts'
import { askedAnnotations } from '../asked-options.ts'
import type { AskedOptions } from '../asked-options.ts'
import { veleroNamespace, webUiLink } from '../../api/connections.ts'
import type { Connections } from '../../api/connections.ts'
import { ClientError, exitCodes } from '../../api/errors.ts'
import type { ExitCode } from '../../api/errors.ts'
import { requestOfPlan } from '../../api/plan/restore-plan.ts'
import { composeManifest, submitRestore, useNewestBackup } from '../../api/start-restore.ts'
import type { SubmittedRestore } from '../../api/start-restore.ts'
import type { Restore, RestoreSpec } from '../../../velero/restore.ts'
import { specFaults } from '../../../core/request/admit-request.ts'
import { restoreTable } from '../../show/restore-table.ts'
import { printResult, withConnections } from '../command.ts'
import type { GlobalOptions, Io, OutputFormat } from '../command.ts'
import type { LabelColumns } from './list.ts'
import { readRestoreFile } from '../read-files.ts'
import { applySpecOptions } from '../spec-options.ts'
import { showUntilOver } from './watch.ts'
import { yaml } from '../yaml.ts'

/** The options of `drydock start`. */
export interface StartOptions extends GlobalOptions, LabelColumns, AskedOptions {
  name?: string
  file?: string
  plan?: string
  labels?: Record<string, string>
  annotations?: Record<string, string>
  allowPartiallyFailed?: boolean
  wait?: boolean
  dryRun?: boolean
  result: OutputFormat
}

/** Does what `drydock start` is asked for. */
export async function start(
  io: Io,
  options: StartOptions & { isPrinted: boolean },
  argument: string | undefined,
): Promise<ExitCode> {
  if (argument !== undefined && options.name !== undefined && argument !== options.name)
    throw new ClientError(exitCodes.usage, 'the name is given twice, and differently')
  const file = options.file === undefined ? undefined : readRestoreFile(options.file)
  const namespace = options.namespace ?? file?.metadata.namespace ?? veleroNamespace({})
  if (options.plan !== undefined) return startPlan(io, options, argument ?? options.name)
  const request = {
    name: argument ?? options.name,
    namespace,
    file,
    labels: options.labels,
    annotations: { ...options.annotations, ...askedAnnotations(options) },
    given: { ...options },
  }
  const restore = composeRequest(request, io.now())
  if (options.isPrinted) return print(io, { ...options, namespace }, restore)
  return withConnections(io, { ...options, namespace }, (connections) => submit(io, connections, { options, restore }))
}

/** Carries out a plan. What it restores stands in the plan, so no option may say it differently. */
async function startPlan(
  io: Io,
  options: StartOptions & { isPrinted: boolean },
  name: string | undefined,
): Promise<ExitCode> {
  const { plan = '', file, labels = {}, annotations = {} } = options
  const saysWhat = { ...applySpecOptions({}, { ...options }), ...askedAnnotations(options) }
  const isChanged = Object.keys(annotations).some((name) => name.startsWith('drydock.io/'))
  if (options.isPrinted || file !== undefined || isChanged || Object.keys(saysWhat).length > 0)
    throw new ClientError(exitCodes.usage, '--plan says what is restored: it goes with no other option about that')
  return withConnections(io, options, async (connections) => {
    const { namespace } = connections
    const request = await requestOfPlan(connections, plan)
    const parts = {
      spec: request.spec,
      name,
      namespace,
      labels,
      annotations: { ...annotations, ...request.annotations },
    }
    return submit(io, connections, { options, restore: composeManifest(parts, io.now()) })
  })
}

/** Prints the Restore and sends nothing. Only the newest backup of a schedule is asked for, where the option wants it. */
async function print(io: Io, options: StartOptions, composed: Restore): Promise<ExitCode> {
  if (options.wait === true)
    io.err.write('--output and --dry-run print the Restore and start nothing; with --wait use --result\n')
  const restore = asksForNewestBackup(options, composed)
    ? await withConnections(io, options, (connections) => withNewestBackup(connections, composed))
    : composed
  printResult(io, options.output, restore, () =>
    options.dryRun === true ? yaml().stringify(restore).trimEnd() : restoreTable([restore], options),
  )
  return exitCodes.ok
}

function asksForNewestBackup({ allowPartiallyFailed = false }: StartOptions, { spec }: Restore): boolean {
  return allowPartiallyFailed && (spec.scheduleName ?? '') !== ''
}

async function withNewestBackup(connections: Connections, restore: Restore): Promise<Restore> {
  return { ...restore, spec: await useNewestBackup(connections, restore.spec) }
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
  checkAnnotations({ ...file?.metadata.annotations, ...request.annotations }, spec)
  const parts = {
    spec,
    name: request.name ?? file?.metadata.name,
    namespace: request.namespace,
    labels: { ...file?.metadata.labels, ...request.labels },
    annotations: { ...file?.metadata.annotations, ...request.annotations },
  }
  return composeManifest(parts, now)
}

/** Refuses annotations that the worker would refuse. */
function checkAnnotations(annotations: Readonly<Record<string, string>>, spec: RestoreSpec): void {
  const [fault] = annotationFaults(annotations, spec)
  if (fault !== undefined) throw new ClientError(exitCodes.usage, fault)
}

/** Refuses what Velero's command line refuses, and what the worker would refuse whatever the cluster holds. */
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
  const faults = specFaults(spec)
  if (faults.length > 0) throw new ClientError(exitCodes.usage, `the restore would not be valid: ${faults.join('; ')}`)
}

async function submit(
  io: Io,
  connections: Connections,
  { options, restore }: { options: StartOptions; restore: Restore },
): Promise<ExitCode> {
  const { wait = false, result: output } = options
  const request = asksForNewestBackup(options, restore) ? await withNewestBackup(connections, restore) : restore
  const submitted = await submitRestore(connections, request)
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
