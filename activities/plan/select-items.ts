import type { Manifest } from '../../velero/manifest.ts'
import { itemPath } from '../../velero/resource.ts'
import type { GroupResource, ItemAddress } from '../../velero/resource.ts'
import type { ItemAction } from '../../core/actions/action.ts'
import { targetNamespace } from '../../core/filter/namespace-mapping.ts'
import { error, itemKey, parseItemKey, scopeOf, warning } from '../../core/items/outcome.ts'
import type { Outcome } from '../../core/items/outcome.ts'
import { parseItem, skipReason } from '../../core/items/item-manifest.ts'
import { volumeFate } from '../../core/items/volume-fate.ts'
import type { ChosenVersion } from '../../core/plan/choose-version.ts'
import type { PlaceableItem } from '../../core/plan/place-items.ts'
import type { Plan } from '../../core/plan/plan.ts'
import { makeSharedPlaces, missingObjects } from '../../core/plan/select-items.ts'
import type { ItemSelector, KnownOfItem } from '../../core/plan/select-items.ts'
import type { AskedObject } from '../../core/asked/annotations.ts'
import type { ResolveResource } from '../../core/filter/includes-excludes.ts'
import { parseJson } from '../../core/values/manifest-json.ts'
import { entriesOf, entryOf, placeOfItem, resourcesIn } from '../frame/archive-entries.ts'
import { pauses } from '../frame/in-slices.ts'
import type { Session } from '../frame/session.ts'
import type { StoredFacts } from '../frame/journal.ts'
import type { Archive, ArchiveEntry } from '../archive-port.ts'

/** What is selected from. */
export interface SelectInput {
  session: Session
  archive: Archive
  selector: ItemSelector
  /** Objects that are asked for by name: each one that is not selected becomes an error. */
  asked: { objects: readonly AskedObject[]; resolve: ResolveResource }
  /** The version folder to read a resource from, where API group versions are chosen. */
  versions: ReadonlyMap<GroupResource, ChosenVersion>
  facts: StoredFacts
  actions: readonly ItemAction[]
  /** The resources of the archive in the order in which they are restored. */
  order: readonly GroupResource[]
  now: string
  /** Aborts when the selection is not needed any longer. */
  signal?: AbortSignal
}

/** The items of the plan, and what was found on the way. */
export interface Selected {
  items: PlaceableItem[]
  provisioned: string[]
  /** How many were not selected, by the reason. */
  leftOut: NonNullable<Plan['leftOut']>
  notes: Outcome[]
  sizeOf: (item: ItemAddress) => number
}

/** How deep items may want further items; a chain longer than this is a cycle in the backup. */
const depthMax = 32

/**
 * Selects items in the order in which they are restored, namespaces by name, and follows what actions want before them
 * (rule 11). A manifest is read only where labels decide, or where an action, the fate of a volume or an item of another
 * namespace at the same place asks for it.
 */
export async function selectItems(input: SelectInput): Promise<Selected> {
  const pause = pauses(input.signal)
  const { archive, order } = input
  const { namespaceMapping } = input.session.admission.spec
  const walk: Walk = {
    ...input,
    firsts: firstsOf(archive),
    placeOf: makeSharedPlaces(
      namespaceMapping,
      archive.entries.folders.flatMap(({ version, namespace }) => (version === undefined ? (namespace ?? []) : [])),
    ),
    firstAt: new Map(),
    taken: new Map(),
    notes: [],
    leftOut: {},
    provisioned: new Set(),
  }
  for (const groupResource of new Set([...order, ...resourcesIn(archive)])) {
    for (const entry of entriesOf(archive, groupResource)) {
      const manifest = await select(walk, entry)
      if (manifest !== undefined) await take(walk, entry, { additional: false, depth: 0, manifest: manifest.read })
      await pause()
    }
  }
  return {
    items: [...walk.taken.values()],
    provisioned: [...walk.provisioned].sort(),
    leftOut: walk.leftOut,
    notes: [...walk.notes, ...missingNotes(walk)],
    sizeOf: (item) => entryOf(archive, item)?.sizeBytes ?? 0,
  }
}

/** The first item of each resource and namespace, by {@link bucketOf}. */
function firstsOf({ entries }: Archive): Map<string, ArchiveEntry> {
  const firsts = new Map<string, ArchiveEntry>()
  for (const { version, from } of entries.folders) {
    const first = version === undefined ? entries.at(from) : undefined
    if (first !== undefined) firsts.set(bucketOf(first), first)
  }
  return firsts
}

/** One outcome with an error for each object that was asked for by name and is not selected. */
function missingNotes({ asked, archive, taken, now }: Walk): Outcome[] {
  const placeOf = (key: string) => placeOfItem(archive, parseItemKey(key))
  const known = { inBackup: (key: string) => placeOf(key) >= 0, selected: (key: string) => taken.has(placeOf(key)) }
  const messages = missingObjects(asked.objects, asked.resolve, known).map((text) => error('velero', text))
  return messages.length === 0 ? [] : [{ key: 'plan/objects', messages, at: now }]
}

interface Walk extends SelectInput {
  /** The first item of each resource and namespace: a policy may ask for its kind. */
  firsts: ReadonlyMap<string, ArchiveEntry>
  /** The place of an item that another one may be mapped onto too. */
  placeOf: (item: ItemAddress) => string | undefined
  /** The item that is restored at such a place. */
  firstAt: Map<string, ArchiveEntry>
  /** The items that are restored, by their places in the archive, in the order in which they were taken. */
  taken: Map<number, PlaceableItem>
  leftOut: Selected['leftOut']
  notes: Outcome[]
  provisioned: Set<string>
}

/** Asks the selector, reading what it wants to know; undefined where the item is left out. */
async function select(walk: Walk, entry: ArchiveEntry): Promise<{ read: Manifest | undefined } | undefined> {
  const known: KnownOfItem = {}
  let manifest: Manifest | undefined
  for (;;) {
    const verdict = walk.selector.decide(addressOf(entry), known)
    if (verdict.do === 'leave') {
      walk.leftOut[verdict.because] = (walk.leftOut[verdict.because] ?? 0) + 1
      return undefined
    }
    if (verdict.do === 'select') return { read: manifest }
    if (verdict.for === 'first-kind') {
      const first = walk.firsts.get(bucketOf(entry))
      const peeked = first === undefined ? 'unreadable' : await read(walk, first)
      known.firstKind = peeked === 'unreadable' ? null : peeked.kind
    } else {
      const found = await read(walk, entry)
      if (found === 'unreadable') return undefined
      manifest = found
      known.labels = found.metadata.labels ?? {}
    }
  }
}

function bucketOf(entry: ArchiveEntry): string {
  return `${entry.groupResource}|${entry.namespace ?? ''}`
}

/** One list for all items that want no others. */
const nothingBefore: readonly string[] = []

async function take(
  walk: Walk,
  entry: ArchiveEntry,
  how: { additional: boolean; depth: number; manifest: Manifest | undefined },
): Promise<void> {
  const place = walk.archive.entries.placeOf(entry)
  if (walk.taken.has(place)) return
  const version = how.additional ? undefined : walk.versions.get(entry.groupResource)?.version
  const item: PlaceableItem = {
    ...addressOf(entry),
    before: nothingBefore,
    ...(version === undefined ? {} : { version }),
    ...(how.additional ? { additional: true } : {}),
  }
  const first = await firstAtItsPlace(walk, entry)
  walk.taken.set(place, first === undefined ? item : { ...item, twinOf: first })
  if (first !== undefined) return
  const actions = walk.actions.filter(
    (action) => action.additionalItems !== undefined && action.appliesTo.includes(entry.groupResource),
  )
  if (actions.length === 0 && entry.groupResource !== 'persistentvolumes') return
  const manifest = how.manifest ?? (await read(walk, entry))
  if (manifest === 'unreadable' || skipReason(manifest, entry.groupResource) !== undefined) return
  if (entry.groupResource === 'persistentvolumes' && volumeFate(manifest, walk.facts.volumes).do === 'provision') {
    walk.provisioned.add(entry.name)
  }
  const before = new Set<string>()
  for (const action of actions) {
    for (const wanted of await wantedBy(walk, action, manifest, entry)) {
      before.add(itemKey(wanted))
      if (how.depth < depthMax)
        await take(walk, wanted, { additional: true, depth: how.depth + 1, manifest: undefined })
    }
  }
  if (before.size > 0) walk.taken.set(place, { ...item, before: [...before] })
}

/**
 * The namespace of the item that is restored where this one should go; undefined where this one is the first. One that
 * Velero leaves before it notes it, such as a pod that is over or an item that cannot be read, keeps no place.
 */
async function firstAtItsPlace(walk: Walk, entry: ArchiveEntry): Promise<string | undefined> {
  const place = walk.placeOf(entry)
  if (place === undefined) return undefined
  const first = walk.firstAt.get(place)
  if (first !== undefined && (await keepsPlace(walk, first))) return first.namespace
  walk.firstAt.set(place, entry)
  return undefined
}

async function keepsPlace(walk: Walk, entry: ArchiveEntry): Promise<boolean> {
  const parsed = parseItem(await walk.archive.read(entry), entry)
  if ('problem' in parsed) return false
  const reason = skipReason(parsed.manifest, entry.groupResource)
  return reason === undefined || reason.do === 'skip'
}

/** The items of the archive that an action wants before this one; a missing one is a warning in the backup's namespace. */
async function wantedBy(
  walk: Walk,
  action: ItemAction,
  manifest: Manifest,
  parent: ArchiveEntry,
): Promise<ArchiveEntry[]> {
  const { admission } = walk.session
  const restore = { ...admission.restore, spec: admission.spec }
  const wanted = action.additionalItems?.({ itemFromBackup: manifest, restore, facts: walk.facts.actions })
  const found: ArchiveEntry[] = []
  for (const address of wanted?.items ?? []) {
    const entry = entryOf(walk.archive, address)
    if (entry === undefined) {
      const text = `stat ${itemPath(address.groupResource, address)}: no such file or directory`
      addNote(walk, `plan/wanted/${itemKey(parent)}/${action.name}/${itemKey(address)}`, [
        warning(scopeOf(address.namespace), text),
      ])
    } else if (walk.selector.decideAdditional(addressOf(entry), wanted?.mustInclude === true).do === 'select') {
      found.push(entry)
    }
  }
  return found
}

async function read(walk: Walk, entry: ArchiveEntry): Promise<Manifest | 'unreadable'> {
  const text = await walk.archive.read(entry)
  try {
    const manifest = parseJson(text) as Manifest | null
    if (
      manifest !== null &&
      typeof manifest === 'object' &&
      typeof manifest.metadata === 'object' &&
      manifest.metadata !== null
    )
      return manifest
    throw new SyntaxError('the item is no JSON object')
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message : String(thrown)
    const { namespaceMapping } = walk.session.admission.spec
    const target = entry.namespace === undefined ? undefined : targetNamespace(namespaceMapping, entry.namespace)
    if (walk.taken.has(walk.archive.entries.placeOf(entry))) return 'unreadable'
    addNote(walk, `plan/unreadable/${itemKey(entry)}`, [
      error(scopeOf(target), `error decoding "${itemPath(entry.groupResource, entry)}": ${why}`),
    ])
    return 'unreadable'
  }
}

function addNote(walk: Walk, key: string, messages: Outcome['messages']): void {
  walk.notes.push({ key, messages, at: walk.now })
}

function addressOf(entry: ArchiveEntry): ItemAddress {
  return {
    groupResource: entry.groupResource,
    ...(entry.namespace === undefined ? {} : { namespace: entry.namespace }),
    name: entry.name,
  }
}
