import { dataUpload } from '../../core/actions/data-mover.ts'
import { textAt } from '../../core/values/fields.ts'
import type { ActionFacts, RestoreView } from '../../core/actions/action.ts'
import { parseJson } from '../../core/values/manifest-json.ts'
import type { Manifest } from '../../velero/manifest.ts'
import type { Archive } from '../archive-port.ts'
import { entriesOf } from '../frame/archive-entries.ts'

/** What the DataUploads of a backup say about its claims. */
export interface DataUploads {
  /** The ConfigMaps that the restore makes of them. */
  results: Manifest[]
  /** `<namespace>/<claim>` whose data was uploaded, by the names of the backup. */
  movedClaims: string[]
}

/**
 * Reads the DataUploads of the archive, once per restore. Velero lists the ConfigMaps that it has just created, for each
 * claim; their names and content follow from archive and restore, so they are known here before they are created. A
 * DataUpload that cannot be read is left out: it becomes an error where it is restored.
 */
export async function readDataUploads(
  archive: Archive,
  restore: RestoreView,
  facts: ActionFacts,
): Promise<DataUploads> {
  const results: Manifest[] = []
  const movedClaims: string[] = []
  for (const entry of entriesOf(archive, 'datauploads.velero.io')) {
    const upload = readManifest(await archive.read(entry))
    if (upload === undefined) continue
    const { companions = [] } = dataUpload.execute({ item: upload, itemFromBackup: upload, restore, facts })
    results.push(...companions.map(({ manifest }) => manifest))
    movedClaims.push(`${textAt(upload, 'spec', 'sourceNamespace')}/${textAt(upload, 'spec', 'sourcePVC')}`)
  }
  return { results, movedClaims }
}

function readManifest(text: string): Manifest | undefined {
  try {
    const value = parseJson(text) as Partial<Manifest> | null
    return typeof value?.metadata?.name === 'string' ? (value as Manifest) : undefined
  } catch {
    return undefined
  }
}
