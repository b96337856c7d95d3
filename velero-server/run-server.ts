import { answerDownloads } from './answer-downloads.ts'
import { deleteBackups } from './delete-backups.ts'
import { expireBackups } from './expire-backups.ts'
import { isVeleroPresent, type VeleroSetting } from './decide/leader.ts'
import { keepDoing } from './ports.ts'
import type { ServerPorts } from './ports.ts'
import { syncBackups } from './sync-backups.ts'
import { validateLocations } from './validate-locations.ts'

/** The worker's settings for the work of an absent Velero server. */
export interface ServerSettings {
  veleroServer: VeleroSetting
  /** How often a location is validated that does not say so itself; 0 for once. */
  validationFrequencySeconds: number
  /** How long a location stays available whose bucket does not answer. */
  locationTimeoutSeconds: number
  /** How often a location's backups are brought in where it does not say so itself; 0 for never. */
  backupSyncPeriodSeconds: number
  /** Whether backups that have expired are deleted. */
  expireBackups: boolean
}

const lookMs = 30_000
/** A Velero server that is rolled out anew is away for a moment: it has to be missed twice. */
const missedMin = 2

/**
 * Does what a Velero server would do for restores, while there is none: answers DownloadRequests, keeps locations
 * validated and Backups in step with the bucket, deletes backups. Whether there is one is looked at again every half minute; all of it
 * stops as soon as one is seen. Runs in one worker, the leader, until the signal is aborted.
 */
export async function runServer(ports: ServerPorts, settings: ServerSettings): Promise<void> {
  const { clock, log, signal } = ports
  let work: { end: AbortController; done: Promise<unknown> } | undefined
  let missed: number = missedMin - 1
  const stop = async (): Promise<void> => {
    work?.end.abort()
    await work?.done
    work = undefined
  }
  while (!signal.aborted) {
    const present = await isThere(ports, settings.veleroServer)
    if (present === false) missed++
    if (present === true) missed = 0
    if (present === true && work !== undefined) {
      log.info('a Velero server is there: its work is left to it')
      await stop()
    } else if (missed >= missedMin && work === undefined) {
      log.info('no Velero server is there: its work for restores is done here', { velero: settings.veleroServer })
      const end = new AbortController()
      work = { end, done: begin({ ...ports, signal: AbortSignal.any([end.signal, signal]) }, settings) }
    }
    await clock.sleep(lookMs, signal).catch(() => undefined)
  }
  await stop()
}

function begin(ports: ServerPorts, settings: ServerSettings): Promise<unknown> {
  const keep = (what: string, work: (within: ServerPorts) => Promise<void>) =>
    keepDoing({ ...ports, what }, (signal) => work({ ...ports, signal }))
  return Promise.all([
    keep('answer DownloadRequests', answerDownloads),
    keep('validate backup locations', (within) => validateLocations(within, settings)),
    keep('sync backups', (within) => syncBackups(within, settings.backupSyncPeriodSeconds)),
    keep('delete backups', deleteBackups),
    ...(settings.expireBackups ? [keep('request the deletion of expired backups', expireBackups)] : []),
  ])
}

/** Undefined where it cannot be told now: then nothing changes. */
async function isThere(ports: ServerPorts, setting: VeleroSetting): Promise<boolean | undefined> {
  const { cluster, namespace, log } = ports
  if (setting !== 'auto') return isVeleroPresent(setting, undefined)
  try {
    const deployment = { group: 'apps', version: 'v1', resource: 'deployments', namespace, name: 'velero' }
    return isVeleroPresent(setting, await cluster.get(deployment))
  } catch (error) {
    log.warn('whether a Velero server is there cannot be told', { error: String(error) })
    return undefined
  }
}
