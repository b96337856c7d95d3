import type { ScheduleHandle, ScheduleSummary } from '@temporalio/client'
import {
  drillScheduleIdOf,
  drillScheduleIdPrefix,
  drillWorkflowIdOf,
  drillWorkflowType,
} from '../../../contract/drill.ts'
import type { DrillMemo, DrillRequest } from '../../../contract/drill.ts'
import { taskQueueOf } from '../../../contract/task-queue.ts'
import { drillFaults } from '../../../core/drill/drill-request.ts'
import type { Backup } from '../../../velero/backup.ts'
import { scheduleNameLabel } from '../../../velero/labels.ts'
import { validLabelValue } from '../../../core/values/derived-names.ts'
import { requireTemporal } from '../connections.ts'
import type { Connections } from '../connections.ts'
import { ClientError, exitCodes, explainError } from '../errors.ts'
import { listVelero, namesOf, nearestNames, notFoundError, veleroRef } from '../velero-objects.ts'

/** A drill that is asked for. */
export interface NewDrill {
  request: Omit<DrillRequest, 'cluster' | 'namespace'>
  /** An expression of cron. */
  cron: string
  timeZone: string
  paused: boolean
}

/** A drill as a list shows it. */
export interface DrillSummary extends DrillMemo {
  name: string
  paused: boolean
  /** Why it is paused, where somebody has said. */
  note?: string
  lastRunAt?: string
  nextRunAt?: string
}

/** The cluster and the Velero namespace of all drills of this client. */
const placeOf = ({ connection, namespace }: Connections) => ({ cluster: connection.cluster.id, namespace })

/**
 * Creates a drill: a Temporal Schedule. Returns what its user should know, a sentence each. Throws a `ClientError` where the drill
 * cannot be: a name or a prefix that is wrong, a schedule or a backup that is not there, a time that Temporal does not understand.
 */
export async function createDrill(connections: Connections, asked: NewDrill): Promise<string[]> {
  const request: DrillRequest = { ...asked.request, ...placeOf(connections) }
  const [fault] = drillFaults(request)
  if (fault !== undefined) throw new ClientError(exitCodes.usage, fault)
  const notes = await lookAtSource(connections, request)
  const { client } = await requireTemporal(connections.temporal())
  const { cluster, namespace, name } = request
  const memo: DrillMemo = {
    createdAt: new Date().toISOString(),
    request,
    cron: asked.cron,
    timeZone: asked.timeZone,
  }
  try {
    await client.schedule.create({
      scheduleId: drillScheduleIdOf(request),
      spec: { cronExpressions: [asked.cron], timezone: asked.timeZone },
      action: {
        type: 'startWorkflow',
        workflowType: drillWorkflowType,
        workflowId: drillWorkflowIdOf(request),
        taskQueue: taskQueueOf(cluster, namespace),
        args: [request],
        staticSummary: `drill ${name} of Velero namespace ${namespace}`,
      },
      // A drill that begins while another one has the namespaces could only be refused.
      policies: { overlap: 'SKIP', catchupWindow: '1h' },
      state: { paused: asked.paused },
      memo,
    })
  } catch (thrown) {
    throw asCreateError(thrown, name)
  }
  return notes
}

function asCreateError(thrown: unknown, name: string): unknown {
  if (!(thrown instanceof Error)) return thrown
  if (thrown.name === 'ScheduleAlreadyRunning')
    return new ClientError(exitCodes.error, `drill "${name}" exists already: delete it first`, {
      code: 'ALREADY_EXISTS',
      cause: thrown,
    })
  // Temporal's client throws its own TypeError where the server does not understand the times.
  if (!(thrown instanceof TypeError)) return thrown
  const why = explainError(thrown).line
  return new ClientError(exitCodes.usage, `--schedule or --timezone is not understood: ${why}`, { cause: thrown })
}

async function lookAtSource(connections: Connections, { from, prefix }: DrillRequest): Promise<string[]> {
  const { connection, namespace } = connections
  const kind = 'schedule' in from ? 'schedule' : 'backup'
  const name = 'schedule' in from ? from.schedule : from.backup
  const resource = `${kind}s` as const
  if ((await connection.cluster.get({ ...veleroRef(resource), namespace, name })) === undefined)
    throw notFoundError(kind, name, { namespace, names: await namesOf(connections, resource) })
  const standing = await lookAtNamespaces(connections, prefix)
  if (kind === 'backup') return standing
  const selector = `${scheduleNameLabel}=${validLabelValue(name)}`
  const backups = (await listVelero(connections, 'backups', selector)) as unknown as Backup[]
  if (backups.some(({ status }) => status?.phase === 'Completed')) return standing
  return [...standing, `schedule ${name} has no completed backup yet: until it has one, each drill fails`]
}

/** Names the namespaces that may be in the way. A user who may not list them is told nothing. */
async function lookAtNamespaces({ connection }: Connections, prefix: string): Promise<string[]> {
  const namespaces = { group: '', version: 'v1', resource: 'namespaces' }
  const found = await connection.cluster.list(namespaces, { metadataOnly: true, cached: true }).catch(() => [])
  const names = found.flatMap(({ metadata: { name } }) => (name.startsWith(prefix) ? [name] : []))
  if (names.length === 0) return []
  return [
    `there are namespaces already whose names begin so: ${names.slice(0, 3).join(', ')}; a drill that needs one of them fails`,
  ]
}

/** All drills, by name. */
export async function listDrills(connections: Connections): Promise<DrillSummary[]> {
  const { client } = await requireTemporal(connections.temporal())
  const prefix = drillScheduleIdPrefix(placeOf(connections))
  const found: DrillSummary[] = []
  for await (const schedule of client.schedule.list()) {
    const summary = schedule.scheduleId.startsWith(prefix) ? summaryOf(schedule, prefix) : undefined
    if (summary !== undefined) found.push(summary)
  }
  return found.sort((a, b) => (a.name < b.name ? -1 : 1))
}

function summaryOf(schedule: ScheduleListed, prefix: string): DrillSummary | undefined {
  const { scheduleId, memo, state, info } = schedule
  const { note } = state
  const last = info.recentActions.at(-1)?.takenAt
  const [next] = info.nextActionTimes
  return {
    ...(memo as DrillMemo),
    name: scheduleId.slice(prefix.length),
    paused: state.paused,
    ...(state.paused && note !== undefined && note !== '' && { note }),
    ...(last !== undefined && { lastRunAt: last.toISOString() }),
    ...(next !== undefined && !state.paused && { nextRunAt: next.toISOString() }),
  }
}

type ScheduleListed = Pick<ScheduleSummary, 'scheduleId' | 'memo' | 'state' | 'info'>

/** A drill, as it stands in Temporal. Throws `NOT_FOUND` where there is none. */
export async function requireDrill(
  connections: Connections,
  name: string,
): Promise<{ summary: DrillSummary; running: string[]; handle: ScheduleHandle }> {
  const { client } = await requireTemporal(connections.temporal())
  const place = placeOf(connections)
  const handle = client.schedule.getHandle(drillScheduleIdOf({ ...place, name }))
  try {
    const described = await handle.describe()
    const running = described.info.runningActions.map(({ workflow }) => workflow.workflowId)
    return { summary: summaryOf(described, drillScheduleIdPrefix(place)) as DrillSummary, running, handle }
  } catch (thrown) {
    if (!(thrown instanceof Error) || thrown.name !== 'ScheduleNotFoundError') throw thrown
    const names = (await listDrills(connections)).map((drill) => drill.name)
    const near = nearestNames(name, names).map((one) => JSON.stringify(one))
    const hint = near.length === 0 ? '' : `; did you mean ${near.join(' or ')}?`
    throw new ClientError(
      exitCodes.notFound,
      `there is no drill "${name}" in Velero namespace ${place.namespace}${hint}`,
    )
  }
}
