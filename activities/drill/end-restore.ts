import type { RestoreRef } from '../../contract/restore-workflow.ts'
import { isRequestedBy } from '../../core/request/requested-restore.ts'
import { stampOf } from '../../core/drill/drill-restore.ts'
import { drillFolder, drillReportKey, restoreReportKey } from '../../velero/object-keys.ts'
import { asRestore } from '../../velero/restore.ts'
import type { Restore } from '../../velero/restore.ts'
import { removeExactly } from '../deletion/deletion-request.ts'
import { openLocation } from '../frame/locations.ts'
import { pauseAfter } from '../frame/run-activity.ts'
import { readRestore } from '../frame/restore-resource.ts'
import { isOver, runDrillStep } from './drill-input.ts'
import type { DrillPorts, DrillRun } from './drill-input.ts'

/** What {@link keepDrillReport} is asked for. */
export interface KeepReportInput extends DrillRun {
  ref: RestoreRef
  /** The location of the backup. */
  location: string
  /** How long the report is waited for: it is written after the restore has its last phase. */
  patienceSeconds: number
}

/** What is kept of a restore that is over. */
export interface KeptReport {
  /** From its creation to its end. */
  seconds?: number
  /** The key of the copy of its report; absent where it has none. */
  report?: string
}

const lookSeconds = { first: 1, last: 5 } as const

/** Copies the report of a drill's restore beside its record, since the files of a restore go with the Restore. Safe to run twice. */
export function keepDrillReport(ports: DrillPorts) {
  return (input: KeepReportInput): Promise<KeptReport> =>
    runDrillStep(ports, input, { doing: 'keeping the report' }, async (attempt) => {
      const { cluster, clock } = ports
      const { ref, request, location, at } = input
      const restore = await readRestore(cluster, ref)
      const took = restore === undefined ? {} : secondsOf(restore)
      attempt.waitingFor(`location "${location}"`)
      const store = await openLocation(ports, request.namespace, location)
      const body = await store.get(restoreReportKey(ref.name))
      attempt.waitingFor(undefined)
      if (body === undefined) {
        if (restore === undefined || isOver(clock, input.patienceSeconds)) return took
        const afterSeconds = pauseAfter(attempt.number, lookSeconds)
        throw attempt.pause({ waitingFor: `the report of restore ${ref.name}`, afterSeconds })
      }
      const report = drillReportKey(drillFolder(request), stampOf(new Date(at)))
      await store.put(report, body, { contentType: 'text/html; charset=utf-8' })
      return { ...took, report }
    })
}

function secondsOf({ metadata, status }: Restore): { seconds?: number } {
  const seconds = (Date.parse(status?.completionTimestamp ?? '') - Date.parse(metadata.creationTimestamp ?? '')) / 1000
  return Number.isFinite(seconds) && seconds >= 0 ? { seconds } : {}
}

/** What {@link removeDrillRestore} is asked for. */
export interface RemoveRestoreInput extends DrillRun {
  /** Who has asked for the Restore, as in {@link isRequestedBy}. */
  requestId: string
  patienceSeconds: number
}

/**
 * Deletes the Restore of a drill and looks until it is gone, with its files and its journal. One that somebody else has made under its
 * name stays. Returns what is still there after its patience.
 */
export function removeDrillRestore({ cluster, presence, clock }: DrillPorts) {
  return (input: RemoveRestoreInput): Promise<{ left: string[] }> =>
    runDrillStep({ cluster, presence }, input, { doing: 'deleting the Restore' }, async (attempt) => {
      const { request, restore: name } = input
      const at = { group: 'velero.io', version: 'v1', resource: 'restores', namespace: request.namespace, name }
      const read = async () => {
        const found = await cluster.get(at)
        return found === undefined ? undefined : asRestore(found)
      }
      const seen = await read()
      if (seen === undefined || !isRequestedBy(seen, input.requestId)) return { left: [] }
      if (seen.metadata.deletionTimestamp === undefined) await removeExactly(cluster, at, seen.metadata.uid)
      if ((await read()) === undefined) return { left: [] }
      if (isOver(clock, input.patienceSeconds)) return { left: [`Restore ${name}`] }
      const afterSeconds = pauseAfter(attempt.number, lookSeconds)
      throw attempt.pause({ waitingFor: `the end of Restore ${name}`, afterSeconds })
    })
}
