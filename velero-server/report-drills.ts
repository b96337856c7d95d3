import type { Client } from '@temporalio/client'
import type { ObjectStore, Ports } from '../activities/ports.ts'
import { drillScheduleIdPrefix } from '../contract/drill.ts'
import type { DrillMemo } from '../contract/drill.ts'
import { parseDrillRecord } from '../core/drill/drill-record.ts'
import type { DrillRecord } from '../core/drill/drill-record.ts'
import { newestRecords } from '../core/drill/kept-records.ts'
import type { DrillFigures } from '../infra/metrics/drill-gauges.ts'
import type { BackupStorageLocation } from '../velero/backup.ts'
import { drillFolder } from '../velero/object-keys.ts'
import { workAlone } from './alone.ts'
import { drillFigures } from './decide/drill-figures.ts'
import type { DrillFacts } from './decide/drill-figures.ts'
import { repeat, veleroResource } from './ports.ts'

/** What drills are looked for with. */
export interface DrillsOptions {
  client: Client
  ports: Pick<Ports, 'cluster' | 'stores' | 'clock' | 'log'>
  /** The Velero namespace. */
  namespace: string
  setDrills: (drills: readonly DrillFigures[]) => void
  signal: AbortSignal
}

const lookMs = 30_000
/** Drills that are told of. */
const drillsMax = 200
/** Records of one drill that are looked at: the last success may lie behind failures. */
const recordsMax = 100

/**
 * Tells the metrics of all drills, from their Temporal Schedules and the records in the bucket: so a worker that has just started, and
 * one that has run no drill, tell of the last success too. Ends with no metric of a drill.
 */
export async function reportDrills(options: DrillsOptions): Promise<void> {
  const { client, ports, namespace, setDrills, signal } = options
  const { clock, log } = ports
  const place = { cluster: ports.cluster.id, namespace }
  const prefix = drillScheduleIdPrefix(place)
  const read = recordReader(options)
  await repeat({ what: 'look at the drills', everyMs: lookMs, clock, log, signal }, async () => {
    const drills: Omit<DrillFacts, 'records'>[] = []
    for await (const { scheduleId, memo, state } of client.schedule.list()) {
      if (!scheduleId.startsWith(prefix) || drills.length >= drillsMax) continue
      const name = scheduleId.slice(prefix.length)
      drills.push({ name, memo: memo as Partial<DrillMemo> | undefined, paused: state.paused })
    }
    const folderOf = (name: string) => drillFolder({ ...place, name })
    const records = await read(drills.map(({ name }) => folderOf(name)))
    if (signal.aborted) return
    setDrills(drills.map((drill) => drillFigures({ ...drill, records: records.get(folderOf(drill.name)) ?? [] })))
  })
  setDrills([])
}

/**
 * Makes what reads the records in some folders. A record never changes, so each is read once. Of a location that cannot be read now,
 * what was read last is told.
 */
export function recordReader({
  ports,
  namespace,
  signal,
}: Pick<DrillsOptions, 'ports' | 'namespace' | 'signal'>): (
  folders: readonly string[],
) => Promise<ReadonlyMap<string, readonly DrillRecord[]>> {
  const { cluster, stores, log } = ports
  const known = new Map<string, DrillRecord>()
  const last = new Map<string, readonly DrillRecord[]>()
  const alone = workAlone(log, 'the records of drills cannot be read', 'location')

  async function readFolder(store: ObjectStore, folder: string): Promise<DrillRecord[]> {
    const read: DrillRecord[] = []
    for (const key of newestRecords(await store.list(folder), recordsMax)) {
      const id = `${store.id}/${key}`
      const record = known.get(id) ?? parseDrillRecord((await store.get(key))?.toString('utf8') ?? '')
      if (record === undefined) continue
      known.set(id, record)
      read.push(record)
      // Older ones say nothing more.
      if (record.ok) break
    }
    return read
  }

  return async (folders) => {
    const locations = (await cluster.list(veleroResource('backupstoragelocations'), {
      namespace,
      cached: true,
    })) as unknown as BackupStorageLocation[]
    const placeOf = (location: BackupStorageLocation, folder: string) => `${location.metadata.name} ${folder}`
    for (const location of folders.length === 0 ? [] : locations)
      await alone.on(location.metadata.name, async () => {
        const store = await stores.open(location)
        for (const folder of folders) {
          if (signal.aborted) return
          last.set(placeOf(location, folder), await readFolder(store, folder))
        }
      })
    const recordsIn = (folder: string) => locations.flatMap((location) => last.get(placeOf(location, folder)) ?? [])
    return new Map(folders.map((folder) => [folder, recordsIn(folder)]))
  }
}
