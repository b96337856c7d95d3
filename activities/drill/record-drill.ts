import { recordLocation } from '../../core/drill/choose-backup.ts'
import type { DrillRecord } from '../../core/drill/drill-record.ts'
import { stampOf } from '../../core/drill/drill-restore.ts'
import { keysToRemove } from '../../core/drill/kept-records.ts'
import type { NotifyOrder, NotifySubject } from '../../contract/notify.ts'
import type { BackupStorageLocation } from '../../velero/backup.ts'
import { drillFolder, drillRecordKey } from '../../velero/object-keys.ts'
import type { ObjectRef } from '../../velero/resource.ts'
import type { VeleroSchedule } from '../../velero/schedule.ts'
import { openLocation } from '../frame/locations.ts'
import type { Settings } from '../settings.ts'
import { recordEventOn } from '../frame/restore-resource.ts'
import { runDrillStep } from './drill-input.ts'
import type { DrillPorts, DrillRun } from './drill-input.ts'

/** A drill that is over. */
export interface DrillEndInput extends DrillRun {
  record: DrillRecord
  /** The location of its backup; absent where it had none. */
  location?: string
}

/** That the end of a drill is notified, and what an Event is recorded on where that fails. */
export interface DrillNotice extends NotifyOrder {
  subject: NotifySubject
}

/**
 * Tells how a drill ended: in the log, the metrics, and an Event on the Schedule of Velero or the Backup that it is about. Returns
 * whether it is notified too.
 */
export function tellDrill(ports: DrillPorts, { notify }: Pick<Settings, 'notify'>) {
  return (input: DrillEndInput): Promise<DrillNotice | undefined> =>
    runDrillStep(ports, input, { doing: 'telling the end' }, async () => {
      const { cluster, log, meter } = ports
      const { record, request } = input
      const { kind, at } = subjectOf(input)
      const found = await cluster.get(at)
      const metadata = found?.metadata ?? { name: at.name, namespace: request.namespace }
      await recordEventOn(
        ports,
        { kind, metadata },
        {
          type: record.ok ? 'Normal' : 'Warning',
          reason: record.ok ? 'DrillSucceeded' : 'DrillFailed',
          note: `drill ${record.drill} (${record.restore}): ${record.sentence}`,
        },
      )
      const fields = { drill: record.drill, restore: record.restore, backup: record.backup, because: record.sentence }
      if (record.ok) log.info('a drill has succeeded', fields)
      else log.warn('a drill has failed', fields)
      meter?.drillEnded(record.drill, record.ok)
      if (notify === undefined) return undefined
      const subject = { kind, name: at.name, uid: found?.metadata.uid ?? '' }
      return { on: notify.on, seconds: notify.seconds, subject }
    })
}

/** What people look at when they ask about the drill. */
function subjectOf({ request: { from, namespace } }: DrillRun): { kind: 'Schedule' | 'Backup'; at: ObjectRef } {
  const of = (resource: string, name: string) => ({ group: 'velero.io', version: 'v1', resource, namespace, name })
  return 'schedule' in from
    ? { kind: 'Schedule', at: of('schedules', from.schedule) }
    : { kind: 'Backup', at: of('backups', from.backup) }
}

/** Keeps the record of a drill in the bucket, and removes those that are more than the drill keeps, with their reports. Safe to run twice. */
export function recordDrill(ports: DrillPorts) {
  return (input: DrillEndInput): Promise<void> =>
    runDrillStep(ports, input, { doing: 'keeping the record' }, async (attempt) => {
      const { request, record } = input
      const location = await locationOf(ports, input)
      if (location === undefined) {
        ports.log.warn('the record of a drill is not kept: there is no location for it', { drill: request.name })
        return
      }
      attempt.waitingFor(`location "${location}"`)
      const store = await openLocation(ports, request.namespace, location)
      const folder = drillFolder(request)
      await store.put(drillRecordKey(folder, stampOf(new Date(record.at))), Buffer.from(JSON.stringify(record)), {
        contentType: 'application/json',
      })
      const surplus = keysToRemove(await store.list(folder), request.keep)
      if (surplus.length > 0) await store.remove(surplus)
      attempt.waitingFor(undefined)
    })
}

async function locationOf(
  { cluster }: DrillPorts,
  { request, location: backup }: DrillEndInput,
): Promise<string | undefined> {
  if (backup !== undefined) return backup
  const { namespace, from } = request
  const velero = (resource: string) => ({ group: 'velero.io', version: 'v1', resource })
  const found =
    'schedule' in from ? await cluster.get({ ...velero('schedules'), namespace, name: from.schedule }) : undefined
  const locations = (await cluster.list(velero('backupstoragelocations'), {
    namespace,
  })) as unknown as BackupStorageLocation[]
  return recordLocation({ schedule: found as unknown as VeleroSchedule | undefined, locations })
}
