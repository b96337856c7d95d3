import type { ItemAction } from '../core/actions/action.ts'
import { goJsonError } from '../core/items/go-json-error.ts'
import { error, itemKey, scopeOf, warning } from '../core/items/outcome.ts'
import type { Outcome } from '../core/items/outcome.ts'
import { volumeFate } from '../core/items/volume-fate.ts'
import { parseJson } from '../core/manifest-json.ts'
import { mergeWanted } from '../core/plan/make-plan.ts'
import type { PlaceableItem } from '../core/plan/place-items.ts'
import type { Selection } from '../core/plan/selection.ts'
import type { Manifest } from '../velero/manifest.ts'
import type { ItemAddress } from '../velero/resource.ts'
import type { Archive, ArchiveEntry } from './ports.ts'
import { itemPath } from './restore-item.ts'
import type { Session } from './session.ts'
import type { StoredFacts } from './stored.ts'

/** What is selected from. */
export interface SelectInput {
  session: Session
  archive: Archive
  selection: Selection
  facts: StoredFacts
  actions: readonly ItemAction[]
  now: string
}

/** The items of the plan, and what was found on the way. */
export interface Selected {
  items: PlaceableItem[]
  provisioned: string[]
  notes: Outcome[]
  sizeOf: (item: ItemAddress) => number
}

/** How deep items may want further items; a chain longer than this is a cycle in the backup. */
const depthMax = 32

/**
 * Selects items and follows what actions want before them (rule 11). A manifest is read only where labels decide, or
 * where an action or the fate of a volume asks for it.
 */
export async function selectItems(input: SelectInput): Promise<Selected> {
  const entries = input.archive.entries.filter((entry) => entry.version === undefined)
  const byKey = new Map(entries.map((entry) => [itemKey(entry), entry]))
  const walk: Walk = { ...input, byKey, taken: new Map(), notes: [], provisioned: new Set() }
  for (const entry of entries) {
    if (!input.selection.includes(entry)) continue
    const manifest = input.selection.asksLabels(entry.groupResource) ? await read(walk, entry) : undefined
    if (manifest === 'unreadable') continue
    if (manifest !== undefined && !input.selection.acceptsLabels(entry.groupResource, manifest.metadata?.labels))
      continue
    await take(walk, entry, { additional: false, depth: 0, manifest })
  }
  return {
    items: mergeWanted([...walk.taken.values()]),
    provisioned: [...walk.provisioned].sort(),
    notes: walk.notes,
    sizeOf: (item) => byKey.get(itemKey(item))?.sizeBytes ?? 0,
  }
}

interface Walk extends SelectInput {
  byKey: ReadonlyMap<string, ArchiveEntry>
  taken: Map<string, PlaceableItem>
  notes: Outcome[]
  provisioned: Set<string>
}

async function take(
  walk: Walk,
  entry: ArchiveEntry,
  how: { additional: boolean; depth: number; manifest: Manifest | undefined },
): Promise<void> {
  const key = itemKey(entry)
  if (walk.taken.has(key)) return
  const item: PlaceableItem = { ...addressOf(entry), before: [], ...(how.additional ? { additional: true } : {}) }
  walk.taken.set(key, item)
  const actions = walk.actions.filter(
    (action) => action.additionalItems !== undefined && action.appliesTo.includes(entry.groupResource),
  )
  if (actions.length === 0 && entry.groupResource !== 'persistentvolumes') return
  const manifest = how.manifest ?? (await read(walk, entry))
  if (manifest === 'unreadable') return
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
  walk.taken.set(key, { ...item, before: [...before] })
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
    const entry = walk.byKey.get(itemKey(address))
    if (entry === undefined) {
      const text = `stat ${itemPath(address.groupResource, address)}: no such file or directory`
      addNote(walk, `plan/wanted/${itemKey(parent)}/${action.name}/${itemKey(address)}`, [
        warning(scopeOf(address.namespace), text),
      ])
    } else if (walk.selection.includesAdditional(entry, wanted?.mustInclude === true)) {
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
    throw new SyntaxError('no object')
  } catch (thrown) {
    const { namespaceMapping } = walk.session.admission.spec
    const target = entry.namespace === undefined ? undefined : (namespaceMapping?.[entry.namespace] ?? entry.namespace)
    if (walk.taken.has(itemKey(entry))) return 'unreadable'
    addNote(walk, `plan/unreadable/${itemKey(entry)}`, [
      error(scopeOf(target), `error decoding "${itemPath(entry.groupResource, entry)}": ${goJsonError(text)}`),
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
