import type { ArchiveEntries, ArchiveEntry, ArchiveFolder } from '../../activities/archive-port.ts'

/** Where the bytes of an item stand in the file of items, with their checksum. Copies of an item share their bytes. */
export interface ItemPlace {
  offset: number
  sizeBytes: number
  crc: number
}

/** The folder of an item: its resource, version and namespace. */
export type FolderNames = Omit<ArchiveFolder, 'from' | 'to'>

/** How many entries there is room for at first; the room doubles when it is used up. */
const roomAtFirst = 1024
const nameBytesAtFirst = 16 * 1024
/** As many chunks of one restore go on at the same time by default (`DRYDOCK_CHUNKS_PER_RESTORE`). */
const foundMax = 4

/**
 * The entries of an archive in a few large buffers: what a name takes, and 20 bytes. As objects they would take ten times as much.
 * They are added in the archive's order, and found by their place in it.
 */
export class PackedEntries implements ArchiveEntries {
  readonly folders: ArchiveFolder[] = []
  length = 0
  /** The folders of one resource, version and namespace: `v1` and `v1-preferredversion` are two. */
  readonly #byNames = new Map<string, ArchiveFolder[]>()
  #names = Buffer.allocUnsafeSlow(nameBytesAtFirst)
  /** Where each name ends. */
  #ends = new Uint32Array(roomAtFirst)
  #offsets = new Float64Array(roomAtFirst)
  #sizes = new Uint32Array(roomAtFirst)
  #checksums = new Uint32Array(roomAtFirst)
  /** The places that were found last, the latest one first: each chunk of a restore asks for one item after the other. */
  readonly #found: number[] = []
  /** The folder of the entry that was added last, as the caller has it. */
  #lastNames: FolderNames | undefined

  /** Adds the next entry. A folder that is passed again must be as it was. */
  add(folder: FolderNames, name: string, { offset, sizeBytes, crc }: ItemPlace): void {
    const place = this.length++
    const end = (this.#ends[place - 1] ?? 0) + Buffer.byteLength(name)
    this.#makeRoom(place + 1, end)
    this.#names.write(name, this.#ends[place - 1] ?? 0)
    this.#ends[place] = end
    this.#offsets[place] = offset
    this.#sizes[place] = sizeBytes
    this.#checksums[place] = crc
    const last = this.folders.at(-1)
    if (last !== undefined && (folder === this.#lastNames || isSameFolder(last, folder))) last.to = place + 1
    else this.#begin({ ...folder, from: place, to: place + 1 })
    this.#lastNames = folder
  }

  /** What {@link PackedEntries.from} makes the same entries of. */
  toParts(): { folders: readonly ArchiveFolder[]; arrays: readonly Buffer[] } {
    const arrays = [this.#offsets, this.#ends, this.#sizes, this.#checksums].map((array) =>
      bytesOf(array.subarray(0, this.length)),
    )
    return { folders: this.folders, arrays: [...arrays, this.#names.subarray(0, this.#ends[this.length - 1] ?? 0)] }
  }

  /** The entries of folders and one buffer with all arrays, which begins on a multiple of eight; they go on in it. */
  static from(folders: readonly ArchiveFolder[], all: Buffer<ArrayBuffer>): PackedEntries {
    const entries = new PackedEntries()
    const length = folders.at(-1)?.to ?? 0
    const { buffer } = all
    let at = all.byteOffset
    const next = (bytes: number) => (at += bytes) - bytes
    entries.#offsets = new Float64Array(buffer, next(8 * length), length)
    entries.#ends = new Uint32Array(buffer, next(4 * length), length)
    entries.#sizes = new Uint32Array(buffer, next(4 * length), length)
    entries.#checksums = new Uint32Array(buffer, next(4 * length), length)
    entries.#names = all.subarray(20 * length)
    entries.length = length
    for (const folder of folders) entries.#begin(folder)
    return entries
  }

  at(place: number): ArchiveEntry | undefined {
    const folder = this.#folderAt(place)
    return folder === undefined ? undefined : this.#entry(place, folder)
  }

  *[Symbol.iterator](): Generator<ArchiveEntry> {
    for (const folder of this.folders)
      for (let place = folder.from; place < folder.to; place++) yield this.#entry(place, folder)
  }

  placeOf(item: Pick<ArchiveEntry, 'groupResource' | 'version' | 'namespace' | 'name'>): number {
    const name = Buffer.from(`${item.name}.json`)
    for (const folder of this.#byNames.get(namesOf(item)) ?? []) {
      const place = this.#findNear(folder, name) ?? this.#search(folder, name)
      if (place >= 0) return place
    }
    return -1
  }

  /** The checksum of an entry's bytes; undefined for a place without an entry. */
  checksumAt(place: number): number | undefined {
    return place >= 0 && place < this.length ? this.#checksums[place] : undefined
  }

  #begin(folder: ArchiveFolder): void {
    this.folders.push(folder)
    const known = this.#byNames.get(namesOf(folder))
    // Of two copies of one version the last one counts.
    if (known === undefined) this.#byNames.set(namesOf(folder), [folder])
    else known.unshift(folder)
  }

  #entry(place: number, { groupResource, version, preferred, namespace }: ArchiveFolder): ArchiveEntry {
    return {
      groupResource,
      ...(version === undefined ? {} : { version }),
      ...(preferred === undefined ? {} : { preferred }),
      ...(namespace === undefined ? {} : { namespace }),
      name: this.#names.toString('utf8', this.#ends[place - 1] ?? 0, this.#ends[place]),
      offset: this.#offsets[place] ?? 0,
      sizeBytes: this.#sizes[place] ?? 0,
    }
  }

  #folderAt(place: number): ArchiveFolder | undefined {
    let [from, to] = [0, this.folders.length]
    while (from < to) {
      const middle = (from + to) >> 1
      const folder = this.folders[middle]
      if (folder === undefined) return undefined
      if (place < folder.from) to = middle
      else if (place >= folder.to) from = middle + 1
      else return folder
    }
    return undefined
  }

  /** Looks where an item mostly is: at the place that was found last, since an item is found first and then read, or after one of the last. */
  #findNear(folder: ArchiveFolder, name: Buffer): number | undefined {
    const latest = this.#found[0] ?? -1
    if (this.#isAt(latest, folder, name)) return latest
    for (let rank = 0; rank < this.#found.length; rank++) {
      const place = (this.#found[rank] ?? -1) + 1
      if (this.#isAt(place, folder, name)) return this.#remember(place, rank)
    }
    return undefined
  }

  #isAt(place: number, { from, to }: ArchiveFolder, name: Buffer): boolean {
    return place >= from && place < to && this.#compare(place, name) === 0
  }

  /** Puts a place first. The one of that rank is forgotten. */
  #remember(place: number, rank: number): number {
    this.#found.splice(rank, 1)
    this.#found.unshift(place)
    return place
  }

  /** Names stand in the order of their files, `.json` included. */
  #search(folder: ArchiveFolder, name: Buffer): number {
    let [from, to] = [folder.from, folder.to]
    while (from < to) {
      const middle = (from + to) >> 1
      const order = this.#compare(middle, name)
      if (order === 0) return this.#remember(middle, foundMax - 1)
      if (order < 0) from = middle + 1
      else to = middle
    }
    return -1
  }

  #compare(place: number, name: Buffer): number {
    const begin = this.#ends[place - 1] ?? 0
    const end = this.#ends[place] ?? 0
    const length = end - begin
    const common = Math.min(length, name.length)
    const order = this.#names.compare(name, 0, common, begin, begin + common)
    if (order !== 0) return order
    // The longer one goes on where the other one has its `.json`.
    return length > common ? 1 : suffix.compare(name, common)
  }

  #makeRoom(entries: number, nameBytes: number): void {
    if (nameBytes > this.#names.length) {
      const names = Buffer.allocUnsafeSlow(Math.max(2 * this.#names.length, nameBytes))
      this.#names.copy(names)
      this.#names = names
    }
    if (entries <= this.#ends.length) return
    const room = 2 * this.#ends.length
    this.#ends = larger(this.#ends, new Uint32Array(room))
    this.#offsets = larger(this.#offsets, new Float64Array(room))
    this.#sizes = larger(this.#sizes, new Uint32Array(room))
    this.#checksums = larger(this.#checksums, new Uint32Array(room))
  }
}

function bytesOf({ buffer, byteOffset, byteLength }: Uint32Array | Float64Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength)
}

const suffix = Buffer.from('.json')

function larger<T extends Uint32Array | Float64Array>(from: T, to: T): T {
  to.set(from)
  return to
}

function isSameFolder(one: FolderNames, other: FolderNames): boolean {
  return namesOf(one) === namesOf(other) && one.preferred === other.preferred
}

function namesOf({ groupResource, version = '', namespace = '' }: FolderNames): string {
  return `${groupResource}|${version}|${namespace}`
}
