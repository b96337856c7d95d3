import type { StoreErrorKind } from '../port-errors.ts'
import { finding, note, ok } from './check.ts'
import type { Check } from './check.ts'

/** What was seen of a backup location and its bucket. */
export interface LocationFacts {
  name: string
  /** The bucket, as `endpoint/bucket/prefix`; undefined where the location could not be opened. */
  bucket: string | undefined
  /** Whether the location names a Secret; without one the credentials are a worker's own. */
  namesCredential: boolean
  phase: string | undefined
  accessMode: string | undefined
  /** What went wrong when the bucket was listed; absent where nothing did. */
  problem?: { kind: StoreErrorKind; message: string }
  /** Folders at its top that Velero does not know, in Velero's words. */
  folders?: string | undefined
  backups?: number
  /** Whether a restore has kept its journal there, before which a conditional write is tried. */
  hasJournal?: boolean
}

/** Judges the locations of a Velero namespace. */
export function judgeLocations(locations: readonly LocationFacts[]): Check[] {
  if (locations.length > 0) return locations.flatMap(judgeLocation)
  return [
    finding(
      'bucket',
      'there is no BackupStorageLocation',
      'make one: velero backup-location create, or kubectl apply, as docs/beside-velero.md says for a cluster without a Velero server',
    ),
  ]
}

function judgeLocation(facts: LocationFacts): Check[] {
  const place = `backup location "${facts.name}"`
  if (facts.problem !== undefined) return [judgeProblem(facts, place, facts.problem)]
  if (facts.folders !== undefined)
    return [finding('bucket', `${place}: ${facts.folders}`, 'move the foreign folders, or give the location a prefix')]
  return [
    ok(
      'bucket',
      `${place} (${facts.bucket}) can be read, with ${facts.backups === 1 ? '1 backup' : `${facts.backups ?? 0} backups`}`,
    ),
    ...judgePhase(facts, place),
    ...judgeMode(facts, place),
    judgeConditionalWrites(facts, place),
  ]
}

function judgeProblem(
  facts: LocationFacts,
  place: string,
  { kind, message }: { kind: StoreErrorKind; message: string },
): Check {
  // A worker has credentials that whoever asks may not have.
  if (kind === 'credentials' && !facts.namesCredential && facts.phase === 'Available')
    return note('bucket', `${place} is Available; its bucket was not read, since the credentials are the workers' own`)
  if (kind === 'plugin' && facts.phase === 'Available')
    return note('bucket', `${place} is Available; its bucket was not read, since a plugin of the workers serves it`)
  return finding('bucket', `${place} cannot be read: ${message}`, cures[kind] ?? defaultCure)
}

const cures: Partial<Record<StoreErrorKind, string>> = {
  plugin: 'see that the workers have the plugin, and what the status of the location and their log say',
  location: 'mend the spec of the BackupStorageLocation',
  credentials:
    'name a Secret in spec.credential, or mount one as the chart does (velero.credentialsSecret), or give the pod an identity of its own',
  'no-bucket': 'make the bucket, or mend spec.objectStorage.bucket and the region in spec.config',
  denied: 'let the credentials list, read, write and delete objects of the bucket',
  unreachable: 'see that s3Url and region in spec.config are right, and that the address can be reached from here',
}

const defaultCure = 'see that the server of the bucket works'

/** A worker has looked at the bucket too, perhaps from elsewhere. */
function judgePhase({ name, phase }: LocationFacts, place: string): Check[] {
  if (phase === 'Available') return []
  if (phase === undefined || phase === '')
    return [note('bucket', `${place} has not been validated yet: a worker or a Velero server does that`)]
  return [
    finding(
      'bucket',
      `${place} is ${phase}, although its bucket can be read from here`,
      `kubectl describe backupstoragelocation ${name} says what a worker or the Velero server sees`,
    ),
  ]
}

function judgeMode({ accessMode }: LocationFacts, place: string): Check[] {
  if (accessMode !== 'ReadOnly') return []
  return [
    note('bucket', `${place} is ReadOnly for backups; restores write their journal and results there all the same`),
  ]
}

function judgeConditionalWrites({ hasJournal }: LocationFacts, place: string): Check {
  if (hasJournal === true) return ok('bucket', `${place} takes conditional writes: a restore has tried one`)
  return note(
    'bucket',
    `whether ${place} takes conditional writes is tried by the first restore, before it writes an object`,
  )
}
