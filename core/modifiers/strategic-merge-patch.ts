import { goPrint, goTypeOf } from '../values/go-text.ts'
import { isJsonMap, semanticEqual, cloneManifest } from '../values/manifest-json.ts'
import { indexOfElement, orderMerged } from './strategic-lists.ts'
import type { StrategicField, StrategicSchema } from './strategic-schema.ts'

/** Thrown if a strategic merge patch cannot be applied, with the words of Kubernetes. */
export class StrategicPatchError extends Error {
  override readonly name = 'StrategicPatchError'
}

type JsonMap = Record<string, unknown>

const orderPrefix = '$setElementOrder'
const deletePrefix = '$deleteFromPrimitiveList'

/**
 * Applies a strategic merge patch: a merge patch that merges lists by the keys in the schema. It supports the
 * directives `$patch` (replace, delete), `$retainKeys`, `$setElementOrder/<list>` and
 * `$deleteFromPrimitiveList/<list>`. The document is not changed. Throws `StrategicPatchError`.
 */
export function applyStrategicMergePatch(document: JsonMap, patch: JsonMap, schema: StrategicSchema): JsonMap {
  return mergeMaps(document, patch, schema)
}

function mergeMaps(original: JsonMap, patch: JsonMap, schema: StrategicSchema): JsonMap {
  if (Object.hasOwn(patch, '$patch')) return followDirective(patch)
  const merged = new Map(Object.entries(retainKeys(original, patch)))
  const rest = new Map(Object.entries(patch).filter(([key]) => key !== '$retainKeys'))
  for (const [key, order] of Object.entries(patch).filter(([name]) => name.startsWith(orderPrefix))) {
    rest.delete(key)
    const list = listName(key, orderPrefix, 'setElementOrder list')
    const ordered = orderList({ list, order, original: merged.get(list), patch: rest.get(list), schema })
    if (!ordered) continue
    merged.set(list, ordered)
    rest.delete(list)
  }
  for (const [key, value] of rest) mergeField(merged, key, { value, schema })
  return Object.fromEntries(merged)
}

function followDirective(patch: JsonMap): JsonMap {
  const { $patch: directive, ...content } = patch
  if (directive === 'replace') return content
  if (directive === 'delete') return {}
  throw unknownDirective(directive, patch)
}

function unknownDirective(directive: unknown, patch: JsonMap): StrategicPatchError {
  return new StrategicPatchError(`unknown patch type: ${goPrint(directive)} in map: ${goPrint(patch)}`)
}

/** The original with only the fields in `$retainKeys`, which must list all fields that the patch sets. */
function retainKeys(original: JsonMap, patch: JsonMap): JsonMap {
  if (!Object.hasOwn(patch, '$retainKeys')) return original
  const keys: unknown = patch['$retainKeys']
  const set = Object.entries(patch).filter(
    ([key, value]) =>
      key !== '$retainKeys' && value !== null && !key.startsWith(orderPrefix) && !key.startsWith(deletePrefix),
  )
  if (!Array.isArray(keys) || set.some(([key]) => !keys.includes(key))) {
    throw new StrategicPatchError('invalid patch format of retainKeys')
  }
  return Object.fromEntries(Object.entries(original).filter(([key]) => keys.includes(key)))
}

function mergeField(
  merged: Map<string, unknown>,
  name: string,
  { value, schema }: { value: unknown; schema: StrategicSchema },
): void {
  const deletes = name.startsWith(deletePrefix)
  const key = deletes ? listName(name, deletePrefix, 'primitive list') : name
  const before = merged.get(key)
  if (value === null) {
    merged.delete(key)
  } else if (isJsonMap(before) && isJsonMap(value)) {
    merged.set(key, mergeMapField(before, value, fieldOf(schema, key)))
  } else if (Array.isArray(before) && Array.isArray(value)) {
    merged.set(key, mergeLists(before, value, { field: listOf(schema, key), deletes }))
  } else if (!deletes) {
    const cleaned = withoutDirectives(value)
    if (cleaned) merged.set(key, cleaned.value)
    else merged.delete(key)
  }
}

function mergeMapField(before: JsonMap, patch: JsonMap, field: StrategicField): JsonMap {
  return field.strategy === 'replace' ? patch : mergeMaps(before, patch, field.schema)
}

function fieldOf(schema: StrategicSchema, key: string): StrategicField {
  const field = schema.field(key)
  if (field) return field
  if (schema.name === '{}') {
    throw new StrategicPatchError('merging an object in json but data type is not struct, instead is: map')
  }
  throw new StrategicPatchError(`unable to find api field in struct ${schema.name} for the json field "${key}"`)
}

function listOf(schema: StrategicSchema, key: string): StrategicField {
  const field = fieldOf(schema, key)
  if (!field.list) throw new StrategicPatchError('expected slice or array type, but got: struct')
  return field
}

function mergeLists(
  before: readonly unknown[],
  patch: readonly unknown[],
  { field, deletes }: { field: StrategicField; deletes: boolean },
): unknown[] {
  if (field.strategy !== 'merge' && !deletes) return [...patch]
  if (before.length === 0 && patch.length === 0) return []
  if (!holdsMaps(before, patch)) {
    if (deletes) return before.filter((item) => indexOfElement(patch, item, undefined) < 0)
    const all = [...before, ...patch]
    const once = all.filter((item, index) => indexOfElement(all, item, undefined) === index)
    return orderMerged(once, { patch, before, key: undefined })
  }
  const key = field.mergeKey
  if (key === '') throw new StrategicPatchError('cannot merge lists without merge key for struct')
  const special = followListDirectives(before, patch as readonly JsonMap[], key)
  const merged = mergeElements(special.before, special.patch, { key, schema: field.schema })
  return orderMerged(merged, { patch: special.patch, before: special.before, key })
}

/** Whether the elements of the lists are objects. All elements must have one type, and must not be lists. */
function holdsMaps(...lists: (readonly unknown[])[]): boolean {
  const elements = lists.flat(1)
  const types = new Set(elements.map((element) => goTypeOf(element)))
  if (Array.isArray(elements[0])) throw new StrategicPatchError('lists of lists are not supported')
  if (types.size > 1) throw new StrategicPatchError(`list element types are not identical: ${goPrint(lists)}`)
  return isJsonMap(elements[0])
}

/**
 * An element with `$patch: delete` removes the element with the same key. One with `replace` replaces the list by the
 * rest of the patch.
 */
function followListDirectives(
  before: readonly unknown[],
  patch: readonly JsonMap[],
  key: string,
): { before: unknown[]; patch: JsonMap[] } {
  const plain = patch.filter((element) => !Object.hasOwn(element, '$patch'))
  let remaining = [...before]
  let replaces = false
  for (const element of patch.filter((each) => Object.hasOwn(each, '$patch'))) {
    switch (element['$patch']) {
      case 'delete':
        requireKey(element, key)
        remaining = remaining.filter((item) => !sameKey(item, element, key))
        break
      case 'replace':
        replaces = true
        break
      case 'merge':
        throw new StrategicPatchError('merging lists cannot yet be specified in the patch')
      default:
        throw unknownDirective(element['$patch'], element)
    }
  }
  return replaces ? { before: plain, patch: [] } : { before: remaining, patch: plain }
}

function mergeElements(
  before: readonly unknown[],
  patch: readonly JsonMap[],
  { key, schema }: { key: string; schema: StrategicSchema },
): unknown[] {
  const merged = [...before]
  for (const element of patch) {
    requireKey(element, key)
    const at = merged.findIndex((item) => sameKey(item, element, key))
    const found = merged[at]
    if (isJsonMap(found)) merged[at] = mergeMaps(found, element, schema)
    else merged.push(element)
  }
  for (const element of merged) if (isJsonMap(element)) requireKey(element, key)
  return merged
}

function requireKey(element: JsonMap, key: string): void {
  if (Object.hasOwn(element, key)) return
  throw new StrategicPatchError(`map: ${goPrint(element)} does not contain declared merge key: ${key}`)
}

function sameKey(item: unknown, element: JsonMap, key: string): boolean {
  return isJsonMap(item) && Object.hasOwn(item, key) && semanticEqual(item[key], element[key])
}

/** The list in the order of `$setElementOrder`; undefined if there is no list. */
function orderList(input: {
  list: string
  order: unknown
  original: unknown
  patch: unknown
  schema: StrategicSchema
}): unknown[] | undefined {
  const { list, order, original, patch, schema } = input
  for (const value of [order, original, patch]) {
    if (value !== undefined && !Array.isArray(value)) {
      throw new StrategicPatchError(
        `expected a []interface {}, but received a ${value === null ? '%!s(<nil>)' : goTypeOf(value)}`,
      )
    }
  }
  const wanted = order as unknown[]
  const field = listOf(schema, list)
  const key = field.mergeKey === '' ? undefined : field.mergeKey
  checkOrder((patch ?? []) as unknown[], wanted, key)
  if (original === undefined && patch === undefined) return undefined
  const before = (original ?? []) as unknown[]
  const merged = mergedForOrder(original as unknown[] | undefined, patch as unknown[] | undefined, field)
  if (before.length + ((patch ?? []) as unknown[]).length === 0) {
    throw new StrategicPatchError('no elements in any of the given slices')
  }
  return orderMerged(merged, { patch: wanted, before, key })
}

function mergedForOrder(
  original: unknown[] | undefined,
  patch: unknown[] | undefined,
  field: StrategicField,
): readonly unknown[] {
  if (!patch) return original ?? []
  if (original) return mergeLists(original, patch, { field, deletes: false })
  return (withoutDirectives(patch)?.value ?? []) as unknown[]
}

/** The elements of the patch must be in the order of its `$setElementOrder`. */
function checkOrder(patch: readonly unknown[], wanted: readonly unknown[], key: string | undefined): void {
  if (patch.length === 0 || wanted.length === 0) return
  const plain = patch.filter((element) => !isJsonMap(element) || !Object.hasOwn(element, '$patch'))
  let at = 0
  for (const element of wanted) if (at < plain.length && indexOfElement([element], plain[at], key) === 0) at++
  if (at === plain.length) return
  throw new StrategicPatchError(
    `The order in patch list:\n${goPrint(patch)}\n doesn't match ${orderPrefix} list:\n${goPrint(wanted)}\n`,
  )
}

function listName(key: string, prefix: string, what: string): string {
  if (key.startsWith(`${prefix}/`)) return key.slice(prefix.length + 1)
  throw new StrategicPatchError(`invalid patch format of ${what}`)
}

/**
 * The value of a strategic merge patch for a field that does not exist: without nulls, and without objects that have
 * `$patch`. Undefined if nothing is left.
 */
function withoutDirectives(value: unknown): { value: unknown } | undefined {
  if (Array.isArray(value)) {
    return { value: value.map(withoutDirectives).flatMap((kept) => (kept ? [kept.value] : [])) }
  }
  if (!isJsonMap(value)) return { value: cloneManifest(value) }
  if (Object.hasOwn(value, '$patch')) return undefined
  const kept = Object.entries(value).flatMap(([key, field]): [string, unknown][] => {
    const inner = field === null ? undefined : withoutDirectives(field)
    return inner ? [[key, inner.value]] : []
  })
  return { value: Object.fromEntries(kept) }
}
