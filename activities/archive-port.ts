/** One indexed backup archive. */
export interface Archive {
  readonly etag: string
  /** False where the tarball has no folder `resources`: Velero warns then and restores nothing. */
  readonly hasResources: boolean
  readonly entries: ArchiveEntries
  /** The JSON text of an item. Throws `ArchiveError` where the disk copy is damaged. */
  read(entry: ArchiveEntry): Promise<string>
  /** Ends the use of the archive: the cache may remove it from now on. */
  close(): Promise<void>
}

/**
 * All items of an archive, sorted by group-resource, version, namespace and file name as bytes. An entry is made when it is asked
 * for: a million of them are never in memory together.
 */
export interface ArchiveEntries extends Iterable<ArchiveEntry> {
  readonly length: number
  /** Its folders, in the same order: each holds the entries from one place to before another. */
  readonly folders: readonly ArchiveFolder[]
  at(place: number): ArchiveEntry | undefined
  /** The place of an item; -1 where the archive does not have it. */
  placeOf(item: Pick<ArchiveEntry, 'groupResource' | 'version' | 'namespace' | 'name'>): number
}

/** The items of one resource, version and namespace. */
export interface ArchiveFolder extends Pick<ArchiveEntry, 'groupResource' | 'version' | 'preferred' | 'namespace'> {
  /** The place of its first entry. */
  from: number
  /** The place after its last entry. */
  to: number
}

/** One file of the archive that holds an item. */
export interface ArchiveEntry {
  groupResource: string
  /** Undefined for the copy that Velero restores by default; else a version folder such as `v1` or `v1beta1`. */
  version?: string
  /** The version folder was marked `-preferredversion`. */
  preferred?: boolean
  namespace?: string
  /** The file's name without `.json`. */
  name: string
  offset: number
  sizeBytes: number
}
