import { createDrill } from '../../../api/drill/drills.ts'
import type { NewDrill } from '../../../api/drill/drills.ts'
import { ClientError, exitCodes } from '../../../api/errors.ts'
import type { ExitCode } from '../../../api/errors.ts'
import { printResult, withConnections } from '../../command.ts'
import type { GlobalOptions, Io } from '../../command.ts'

/** The options of `drydock drill create`. */
export interface CreateDrillOptions extends GlobalOptions {
  schedule: string
  into: string
  fromSchedule?: string
  fromBackup?: string
  timezone: string
  withReplicas?: boolean
  validate: boolean
  includeNamespaces?: string[]
  excludeNamespaces?: string[]
  excludeResources?: string[]
  keep: number
  /** In milliseconds. */
  deadline: number
  paused?: boolean
}

/** Does what `drydock drill create` is asked for. */
export async function create(io: Io, options: CreateDrillOptions, name: string | undefined): Promise<ExitCode> {
  const drill = drillOf(options, name)
  return withConnections(io, options, async (connections) => {
    const notes = await createDrill(connections, drill)
    for (const note of notes) io.err.write(`${note}\n`)
    const { request, cron, timeZone } = drill
    printResult(io, options.output, { ...drill, notes }, () =>
      [
        `Drill "${request.name}" is created: at "${cron}" (${timeZone}) it restores into namespaces ${request.prefix}<name>`,
        `drydock drill run ${request.name} --wait begins one now`,
      ].join('\n'),
    )
    return exitCodes.ok
  })
}

/** The drill that options ask for. Throws a `ClientError`. */
export function drillOf(options: CreateDrillOptions, name: string | undefined): NewDrill {
  const { fromSchedule, fromBackup, includeNamespaces, excludeNamespaces, excludeResources } = options
  const from = fromSchedule || fromBackup
  if (!from || (fromSchedule && fromBackup))
    throw new ClientError(exitCodes.usage, 'either --from-schedule or --from-backup is needed, and not both')
  return {
    request: {
      name: name ?? from,
      from: fromSchedule ? { schedule: fromSchedule } : { backup: from },
      prefix: options.into,
      replicas: options.withReplicas === true ? 'as-backed-up' : 'zero',
      validate: options.validate,
      keep: options.keep,
      deadlineSeconds: Math.round(options.deadline / 1000),
      ...(includeNamespaces && { includedNamespaces: includeNamespaces }),
      ...(excludeNamespaces && { excludedNamespaces: excludeNamespaces }),
      ...(excludeResources && { excludedResources: excludeResources }),
    },
    cron: options.schedule,
    timeZone: options.timezone,
    paused: options.paused === true,
  }
}
