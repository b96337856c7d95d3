import { finding, note, ok } from './check.ts'
import type { Check } from './check.ts'

/** What was seen of Temporal. */
export type TemporalFacts =
  | { reachable: false; reason: string }
  | {
      reachable: true
      address: string
      namespace: string
      /** Why the namespace cannot be used; absent where it can. */
      namespaceProblem?: string
      /** Days that closed workflows are kept. */
      retentionDays?: number
      /** Search attributes of restores that are not registered; undefined where Temporal does not say. */
      missingAttributes?: readonly string[] | undefined
    }

/** A worker that has polled the task queue. */
export interface Poller {
  identity: string
  /** Since it last polled; a poll that finds nothing takes a minute. Temporal forgets a worker after five. */
  secondsAgo: number
  /** Its version by Worker Versioning. */
  buildId?: string | undefined
  deployment?: string | undefined
}

/** What was seen of the workers, by Temporal. */
export interface WorkerFacts {
  taskQueue: string
  pollers: readonly Poller[]
  /** The current version of each deployment that a poller belongs to; an empty text where none is. */
  currentVersions: Readonly<Record<string, string>>
}

/** Judges the connection to Temporal, its namespace and what restores are found by. */
export function judgeTemporal(facts: TemporalFacts): Check[] {
  if (!facts.reachable)
    return [
      finding(
        'Temporal',
        facts.reason,
        'start it, or say where it is: TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, and for TLS TEMPORAL_TLS_… or TEMPORAL_API_KEY',
      ),
    ]
  const { address, namespace, namespaceProblem } = facts
  if (namespaceProblem !== undefined)
    return [
      ok('Temporal', `Temporal answers at ${address}`),
      finding(
        'Temporal',
        `its namespace "${namespace}" cannot be used: ${namespaceProblem}`,
        `make it (temporal operator namespace create --namespace ${namespace}), or name another one by TEMPORAL_NAMESPACE`,
      ),
    ]
  return [
    ok('Temporal', `Temporal answers at ${address}, with namespace "${namespace}"`),
    judgeAttributes(facts.missingAttributes),
    ...judgeRetention(facts.retentionDays),
  ]
}

function judgeAttributes(missing: readonly string[] | undefined): Check {
  if (missing === undefined)
    return note('Temporal', 'it does not say which search attributes are registered, as on Temporal Cloud')
  if (missing.length === 0) return ok('Temporal', 'the search attributes of restores are registered')
  return finding(
    'Temporal',
    `search attributes of restores are not registered: ${missing.join(', ')}`,
    'run `npx velero-drydock search-attributes register`, then restart the workers; without them the Web UI cannot filter restores',
  )
}

function judgeRetention(days: number | undefined): Check[] {
  if (days === undefined || days >= 1) return []
  return [note('Temporal', 'it keeps closed workflows for less than a day: the Web UI forgets restores soon')]
}

/** A poll that finds nothing takes a minute; a slow machine gets half a minute more. */
const pollSecondsMax = 90

/** Judges which workers take the restores of a cluster, and in which versions. */
export function judgeWorkers({ taskQueue, currentVersions, ...facts }: WorkerFacts): Check[] {
  const pollers = facts.pollers.filter(({ secondsAgo }) => secondsAgo <= pollSecondsMax)
  const last = Math.min(...facts.pollers.map(({ secondsAgo }) => secondsAgo))
  if (pollers.length === 0)
    return [
      finding(
        'workers',
        `no worker polls task queue ${taskQueue}${Number.isFinite(last) ? `; the last one did ${Math.round(last)} s ago` : ''}`,
        'start one for this cluster, this Velero namespace and this Temporal namespace (`npx velero-drydock worker`, or the chart); if one runs, its log says what keeps it',
      ),
    ]
  const versions = [...new Set(pollers.map(versionOf))].sort()
  const seen = `${pollers.length === 1 ? '1 worker polls' : `${pollers.length} workers poll`} task queue ${taskQueue}`
  return [ok('workers', `${seen}: ${versions.join(', ')}`), ...judgeVersions(pollers, currentVersions)]
}

function versionOf({ buildId, deployment }: Poller): string {
  return buildId === undefined ? 'without a version' : `version ${buildId} of deployment ${deployment ?? ''}`
}

function judgeVersions(pollers: readonly Poller[], current: WorkerFacts['currentVersions']): Check[] {
  const isTaking = (poller: Poller) =>
    poller.buildId === undefined || current[poller.deployment ?? ''] === poller.buildId
  if (pollers.some(isTaking)) return []
  const [{ deployment = '', buildId = '' } = {}] = pollers
  const is = current[deployment]
  return [
    finding(
      'workers',
      is === undefined || is === ''
        ? `no version of deployment ${deployment} is the current one, so no worker gets work`
        : `version ${is} of deployment ${deployment} is the current one, and no worker of it polls`,
      `temporal worker deployment set-current-version --deployment-name ${deployment} --build-id ${buildId}`,
    ),
  ]
}
