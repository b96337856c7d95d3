import type { Clock, Log, Stores } from '../activities/ports.ts'
import { isVeleroPresent } from './decide/velero-presence.ts'
import type { VeleroSetting } from './decide/velero-presence.ts'
import type { ClusterConnection } from '../infra/cluster/connect.ts'
import { answerDownloads } from './answer-downloads.ts'
import { syncBackups } from './sync-backups.ts'
import { validateLocations } from './validate-locations.ts'

/** What the work is done with, and how often. */
export interface ServerOptions {
  cluster: ClusterConnection
  stores: Stores
  clock: Clock
  log: Log
  namespace: string
  velero: VeleroSetting
  validationFrequencySeconds: number
  backupSyncPeriodSeconds: number
}

const lookMs = 30_000
/** A Velero server that is rolled out anew is away for a moment: it has to be missed twice. */
const missedMin = 2

/**
 * Does what a Velero server would do for restores, while there is none: answers DownloadRequests, keeps locations
 * validated and Backups in step with the bucket. Whether there is one is looked at again every half minute; all of it
 * stops as soon as one is seen. Runs in one worker, the leader, until the signal is aborted.
 */
export async function runServer(options: ServerOptions, signal: AbortSignal): Promise<void> {
  let work: { end: AbortController; done: Promise<unknown> } | undefined
  let missed: number = missedMin - 1
  const stop = async (): Promise<void> => {
    work?.end.abort()
    await work?.done
    work = undefined
  }
  while (!signal.aborted) {
    const present = await isThere(options)
    if (present === false) missed++
    if (present === true) missed = 0
    if (present === true && work !== undefined) {
      options.log.info('a Velero server is there: its work is left to it')
      await stop()
    } else if (missed >= missedMin && work === undefined) {
      options.log.info('no Velero server is there: its work for restores is done here', { velero: options.velero })
      const end = new AbortController()
      work = { end, done: begin(options, AbortSignal.any([end.signal, signal])) }
    }
    await options.clock.sleep(lookMs, signal).catch(() => undefined)
  }
  await stop()
}

function begin(options: ServerOptions, signal: AbortSignal): Promise<unknown> {
  const { cluster, stores, clock, log, namespace } = options
  const desk = { connection: cluster, cluster: cluster.cluster, stores, clock, log, namespace, signal }
  return Promise.allSettled([
    answerDownloads(desk),
    validateLocations(desk, options.validationFrequencySeconds),
    syncBackups(desk, options.backupSyncPeriodSeconds),
  ])
}

/** Undefined where it cannot be told now: then nothing changes. */
async function isThere({ cluster, namespace, velero, log }: ServerOptions): Promise<boolean | undefined> {
  if (velero !== 'auto') return isVeleroPresent(velero, undefined)
  try {
    const deployment = { group: 'apps', version: 'v1', resource: 'deployments', namespace, name: 'velero' }
    return isVeleroPresent(velero, await cluster.cluster.get(deployment))
  } catch (error) {
    log.warn('whether a Velero server is there cannot be told', { error: String(error) })
    return undefined
  }
}
