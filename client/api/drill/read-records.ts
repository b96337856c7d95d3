import { parseDrillRecord } from '../../../core/drill/drill-record.ts'
import type { DrillRecord } from '../../../core/drill/drill-record.ts'
import { newestRecords } from '../../../core/drill/kept-records.ts'
import type { BackupStorageLocation } from '../../../velero/backup.ts'
import { drillFolder } from '../../../velero/object-keys.ts'
import type { Connections } from '../connections.ts'
import { ClientError, exitCodes, explainError } from '../errors.ts'
import { openStore } from '../read-result-file.ts'
import { listVelero } from '../velero-objects.ts'

/** The records of a drill, newest first, and the locations that could not be read, with why. */
export interface DrillRecords {
  records: DrillRecord[]
  problems: string[]
}

/** Reads the newest records of a drill. Its backups may have been in several locations, so all are looked at. */
export async function readDrillRecords(connections: Connections, name: string, count: number): Promise<DrillRecords> {
  const folder = drillFolder({ cluster: connections.connection.cluster.id, namespace: connections.namespace, name })
  const records: DrillRecord[] = []
  const problems: string[] = []
  for (const location of await readLocations(connections)) {
    try {
      const store = await openStore(connections, location)
      for (const key of newestRecords(await store.list(folder), count)) {
        const record = parseDrillRecord((await store.get(key))?.toString('utf8') ?? '')
        if (record !== undefined) records.push(record)
      }
    } catch (thrown) {
      problems.push(`location ${location.metadata.name}: ${explainError(thrown).line}`)
    }
  }
  return { records: records.sort((a, b) => (a.at < b.at ? 1 : -1)).slice(0, count), problems }
}

/** The page of a drill's report, from whichever location has it. */
export async function readDrillReport(connections: Connections, { report, drill }: DrillRecord): Promise<string> {
  for (const location of report === undefined ? [] : await readLocations(connections)) {
    const page = await (await openStore(connections, location)).get(report ?? '')
    if (page !== undefined) return page.toString('utf8')
  }
  throw new ClientError(exitCodes.notFound, `the last run of drill "${drill}" has no report`)
}

async function readLocations(connections: Connections): Promise<BackupStorageLocation[]> {
  return (await listVelero(connections, 'backupstoragelocations')) as unknown as BackupStorageLocation[]
}
