import { writeFileSync } from 'node:fs'
import { planPage } from '../../../../core/preview/plan-page.ts'
import { planAnnotation } from '../../../../velero/labels.ts'
import { isTerminal } from '../../../../velero/phases.ts'
import type { Restore } from '../../../../velero/restore.ts'
import { veleroNamespace } from '../../../api/connections.ts'
import type { Connections } from '../../../api/connections.ts'
import { ClientError, exitCodes, messageOf } from '../../../api/errors.ts'
import type { ExitCode } from '../../../api/errors.ts'
import { exitCodeOf } from '../../../api/follow-restore.ts'
import { readPlan, requireNoVeleroControllers } from '../../../api/plan/restore-plan.ts'
import { submitRestore } from '../../../api/start-restore.ts'
import { requireRestore } from '../../../api/velero-objects.ts'
import { renderPlan } from '../../../show/render-plan.ts'
import { askedAnnotations } from '../../asked-options.ts'
import type { AskedOptions } from '../../asked-options.ts'
import { readOptionsOf } from '../../bucket-options.ts'
import type { BucketOptions } from '../../bucket-options.ts'
import { printResult, withConnections } from '../../command.ts'
import type { GlobalOptions, Io } from '../../command.ts'
import { readRestoreFile } from '../../read-files.ts'
import { composeRequest } from '../run-start.ts'
import { followUntilOver } from '../watch.ts'

/** The options of `drydock plan`. */
export interface PlanOptions extends GlobalOptions, BucketOptions, AskedOptions {
  file?: string
  fromBackup?: string
  fromSchedule?: string
  labels?: Record<string, string>
  annotations?: Record<string, string>
  all?: boolean
  page?: string
}

/** Does what `drydock plan` is asked for: makes a plan and shows it, or shows one that was made. */
export async function plan(io: Io, options: PlanOptions, name: string | undefined): Promise<ExitCode> {
  const { fromBackup, fromSchedule, file } = options
  if ([fromBackup, fromSchedule, file].every((source) => source === undefined)) {
    if (name === undefined)
      throw new ClientError(exitCodes.usage, 'give --from-backup, --from-schedule or --file, or the name of a plan')
    return withConnections(io, options, async (connections) => {
      const restore = await requireRestore(connections, name)
      return show(io, connections, options, restore)
    })
  }
  const read = file === undefined ? undefined : readRestoreFile(file)
  const namespace = options.namespace ?? read?.metadata.namespace ?? veleroNamespace({})
  const request = { name, namespace, file: read, labels: options.labels, given: { ...options } }
  const annotations = { ...options.annotations, ...askedAnnotations(options), [planAnnotation]: 'true' }
  const restore = composeRequest({ ...request, annotations }, io.now())
  return withConnections(io, { ...options, namespace }, async (connections) => {
    await requireNoVeleroControllers(connections)
    const { restore: created, notStarted } = await submitRestore(connections, restore)
    if (notStarted !== undefined)
      io.err.write(`${notStarted}; the plan is asked for, and a worker that watches the cluster will make it\n`)
    const ended = await followUntilOver(io, connections, created)
    if (ended === 'interrupted') return exitCodes.interrupted
    if (ended === undefined) throw new ClientError(exitCodes.error, `plan "${created.metadata.name}" was deleted`)
    return show(io, connections, options, ended)
  })
}

async function show(io: Io, connections: Connections, options: PlanOptions, restore: Restore): Promise<ExitCode> {
  const file = await readPlan(connections, restore, readOptionsOf(options))
  if (options.page !== undefined) writePage(options.page, planPage(file))
  printResult(io, options.output, file, () => renderPlan(file, options))
  return isTerminal(restore.status?.phase) ? exitCodeOf(restore) : exitCodes.ok
}

function writePage(path: string, page: string): void {
  try {
    writeFileSync(path, page)
  } catch (thrown) {
    throw new ClientError(exitCodes.error, `the page cannot be written: ${messageOf(thrown)}`)
  }
}
