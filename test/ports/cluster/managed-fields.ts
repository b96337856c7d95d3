import { ownedByNobody } from '../../../core/items/owned-fields.ts'
import type { ManagedFieldsEntry, Manifest } from '../../../velero/manifest.ts'
import type { Kind } from './kinds.ts'

/** Who writes, and how its entry is told from others. */
export interface Writer {
  manager: string
  apiVersion: string
  subresource?: 'status'
  /** RFC 3339, to the second. */
  time: string
}

/**
 * The entries after a write by which `live` became `next`: the writer gets the fields that changed, nobody keeps what is
 * gone, and what changed belongs to nobody else. Entries that the writer sent itself are taken for the live ones; an
 * empty list, or one with an empty entry, clears them. An entry without a field is dropped.
 */
export function ownersAfter(
  live: Manifest | undefined,
  next: Manifest,
  writer: Writer,
  kind: Kind,
): ManagedFieldsEntry[] | undefined {
  const before = fieldsOf(live, kind)
  const after = fieldsOf(next, kind)
  const changed = new Set([...after].filter(([path, leaf]) => before.get(path) !== leaf).map(([path]) => path))
  const gone = new Set([...before.keys()].filter((path) => !after.has(path)))
  const entries = startingEntries(live, next).map((entry) => ({ entry, paths: readFields(entry.fieldsV1) }))
  const own = entries.find(({ entry }) => isOf(entry, writer))
  for (const { entry, paths } of entries) {
    for (const path of gone) paths.delete(path)
    if (entry === own?.entry) for (const path of changed) paths.add(path)
    else for (const path of changed) paths.delete(path)
  }
  if (own !== undefined && changed.size > 0) own.entry = { ...own.entry, time: writer.time }
  if (own === undefined) entries.push({ entry: newEntry(writer), paths: changed })
  const kept = entries.filter(({ paths }) => paths.size > 0)
  if (kept.length === 0) return undefined
  return kept.map(({ entry, paths }) => ({ ...entry, fieldsV1: writeFields(paths) })).sort(inOrder)
}

function startingEntries(live: Manifest | undefined, next: Manifest): ManagedFieldsEntry[] {
  const sent = next.metadata.managedFields
  if (sent === undefined || sent === null) return live?.metadata.managedFields ?? []
  return sent.filter((entry) => Object.keys(entry).length > 0)
}

function isOf(entry: ManagedFieldsEntry, { manager, apiVersion, subresource }: Writer): boolean {
  const isSame = entry.manager === manager && entry.apiVersion === apiVersion && entry.operation === 'Update'
  return isSame && entry.subresource === subresource
}

function newEntry({ manager, apiVersion, subresource, time }: Writer): ManagedFieldsEntry {
  const place = subresource === undefined ? {} : { subresource }
  return { manager, operation: 'Update', apiVersion, time, fieldsType: 'FieldsV1', ...place }
}

function inOrder(a: ManagedFieldsEntry, b: ManagedFieldsEntry): number {
  const text = ({ operation, time, manager, apiVersion, subresource }: ManagedFieldsEntry) =>
    [operation, time, manager, apiVersion, subresource].join(' ')
  return text(a) < text(b) ? -1 : 1
}

/** Between the parts of a path. */
const between = '\n'

/** Maps of built-in kinds are fields themselves only where their keys are free. */
const freeMaps = new Set(['labels', 'annotations', 'data', 'binaryData', 'stringData', 'matchLabels', 'nodeSelector'])

/** Lists of objects that are told apart by one of their fields. */
const keyed: Readonly<Record<string, string>> = {
  ownerReferences: 'uid',
  containers: 'name',
  initContainers: 'name',
  volumes: 'name',
}

/** Every field of an object by its path, with its value as text: what `fieldsV1` names. */
function fieldsOf(object: Manifest | undefined, kind: Kind): Map<string, string> {
  const fields = new Map<string, string>()
  if (object === undefined) return fields

  function visitMap(map: object, path: readonly string[], isField: boolean): void {
    if (isField) fields.set(path.join(between), '')
    for (const [key, value] of Object.entries(map)) visit(key, value, [...path, `f:${key}`])
  }

  function visit(key: string, value: unknown, path: readonly string[]): void {
    if (value === null || value === undefined) return
    const inMetadata = path[0] === 'f:metadata'
    if (inMetadata && path.length === 2 && ownedByNobody.has(key)) return
    const isMap = typeof value === 'object' && !Array.isArray(value) && Object.keys(value).length > 0
    if (isMap) return visitMap(value, path, !inMetadata && kind.custom ? true : freeMaps.has(key))
    const by = Array.isArray(value) && !kind.custom ? keyed[key] : undefined
    if (inMetadata && key === 'finalizers' && Array.isArray(value)) return visitSet(value, path)
    if (by !== undefined || (inMetadata && key === 'ownerReferences'))
      return visitKeyed(value as object[], by ?? 'uid', path)
    fields.set(path.join(between), JSON.stringify(value))
  }

  function visitSet(values: readonly unknown[], path: readonly string[]): void {
    fields.set(path.join(between), '')
    for (const value of values) fields.set([...path, `v:${JSON.stringify(value)}`].join(between), '')
  }

  function visitKeyed(values: readonly object[], by: string, path: readonly string[]): void {
    for (const value of values)
      visitMap(value, [...path, `k:${JSON.stringify({ [by]: (value as Record<string, unknown>)[by] })}`], true)
  }

  for (const [key, value] of Object.entries(object)) {
    if (key === 'apiVersion' || key === 'kind') continue
    visit(key, value, [`f:${key}`])
  }
  return fields
}

type Nested = { [part: string]: Nested }

/** The paths of a `fieldsV1`. */
function readFields(fieldsV1: unknown): Set<string> {
  const paths = new Set<string>()
  const visit = (node: Nested, path: readonly string[]): void => {
    const parts = Object.entries(node).filter(([part]) => part !== '.')
    if (path.length > 0 && (parts.length === 0 || node['.'] !== undefined)) paths.add(path.join(between))
    for (const [part, child] of parts) visit(child, [...path, part])
  }
  visit((fieldsV1 ?? {}) as Nested, [])
  return paths
}

/** The inverse; a field that has parts and is one itself is marked by a dot. */
function writeFields(paths: ReadonlySet<string>): Nested {
  const root: Nested = {}
  const ends = new Set<Nested>()
  for (const path of paths) {
    let node = root
    for (const part of path.split(between)) node = node[part] ??= {}
    ends.add(node)
  }
  for (const end of ends) if (Object.keys(end).length > 0) end['.'] = {}
  return sorted(root)
}

function sorted(node: Nested): Nested {
  const parts = Object.entries(node).sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(parts.map(([part, child]) => [part, sorted(child)]))
}
