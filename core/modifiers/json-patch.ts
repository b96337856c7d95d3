import { cloneManifest, isJsonMap, semanticEqual } from '../values/manifest-json.ts'

/** One step of a JSON patch (RFC 6902). */
export interface JsonPatchOperation {
  op: 'add' | 'remove' | 'replace' | 'test' | 'move' | 'copy'
  path: string
  from: string
  value: unknown
}

/**
 * Thrown if a patch cannot be applied, with the words of Velero's library. `test`: a value is different; `missing`: a
 * path or key does not exist; `other`: anything else.
 */
export class JsonPatchError extends Error {
  override readonly name = 'JsonPatchError'
  readonly kind: 'test' | 'missing' | 'other'

  constructor(kind: 'test' | 'missing' | 'other', message: string) {
    super(message)
    this.kind = kind
  }
}

type Container = unknown[] | Record<string, unknown>

/**
 * Applies a JSON patch to a copy of the document, completely or not at all. Where Velero's library (evanphx/json-patch)
 * differs from the RFC, this does too: a negative index counts from the end, a `test` for `null` passes if the key is
 * missing, and missing parents are not created. Throws `JsonPatchError`.
 */
export function applyJsonPatch<T extends Record<string, unknown>>(
  document: T,
  operations: readonly JsonPatchOperation[],
): T {
  const patched = operations.every(({ op }) => op === 'test') ? document : cloneManifest(document)
  for (const operation of operations) applyOperation(patched, operation)
  return patched
}

function applyOperation(document: Container, operation: JsonPatchOperation): void {
  switch (operation.op) {
    case 'add':
      return add(document, operation)
    case 'remove':
      return remove(document, operation)
    case 'replace':
      return replace(document, operation)
    case 'move':
      return move(document, operation)
    case 'copy':
      return copy(document, operation)
    case 'test':
      return test(document, operation)
  }
}

function add(document: Container, { path, value }: JsonPatchOperation): void {
  const place = find(document, path)
  if (!place) throw missing(`add operation does not apply: doc is missing path: "${path}"`)
  within(`error in add for path: '${path}'`, () => insert(place, cloneManifest(value)))
}

function remove(document: Container, { path }: JsonPatchOperation): void {
  const place = find(document, path)
  if (!place) throw missing(`remove operation does not apply: doc is missing path: "${path}"`)
  within(`error in remove for path: '${path}'`, () => take(place))
}

function replace(document: Container, { path, value }: JsonPatchOperation): void {
  const place = find(document, path)
  if (!place) throw missing(`replace operation does not apply: doc is missing path: ${path}`)
  try {
    get(place)
  } catch {
    throw missing(`replace operation does not apply: doc is missing key: ${path}`)
  }
  const { container, key } = place
  if (Array.isArray(container)) container[indexIn(container, key)] = cloneManifest(value)
  else setField(container, key, cloneManifest(value))
}

function move(document: Container, { path, from }: JsonPatchOperation): void {
  if (from === '')
    throw new JsonPatchError('other', 'unable to move entire document to another path: invalid state detected')
  const source = find(document, from)
  if (!source) throw missing(`move operation does not apply: doc is missing from path: ${from}`)
  const value = within(`error in move for path: '${source.key}'`, () => get(source))
  take(source)
  const place = find(document, path)
  if (!place) throw missing(`move operation does not apply: doc is missing destination path: ${path}`)
  within(`error in move for path: '${path}'`, () => insert(place, value))
}

function copy(document: Container, { path, from }: JsonPatchOperation): void {
  const source = find(document, from)
  if (!source) throw missing(`copy operation does not apply: doc is missing from path: "${from}"`)
  const value = within(`error in copy for from: '${from}'`, () => cloneManifest(get(source)))
  const place = find(document, path)
  if (!place) throw missing(`copy operation does not apply: doc is missing destination path: ${path}`)
  within('error while adding value during copy', () => insert(place, value))
}

function test(document: Container, { path, value }: JsonPatchOperation): void {
  const place = find(document, path)
  if (!place) throw missing(`test operation does not apply: is missing path: ${path}`)
  const found = within(`error in test for path: '${path}'`, () => (has(place) ? get(place) : null))
  if (!semanticEqual(found, value)) throw new JsonPatchError('test', `testing value ${path} failed: test failed`)
}

interface Place {
  container: Container
  key: string
}

/** The object or list that contains the last part of the path; undefined if it does not exist. */
function find(document: Container, path: string): Place | undefined {
  const [, ...parts] = path.split('/').map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
  const key = parts.pop()
  if (key === undefined) return undefined
  let container: Container = document
  for (const part of parts) {
    const next = step(container, part)
    if (!Array.isArray(next) && !isJsonMap(next)) return undefined
    container = next
  }
  return { container, key }
}

function step(container: Container, part: string): unknown {
  try {
    return get({ container, key: part })
  } catch {
    return undefined
  }
}

function get({ container, key }: Place): unknown {
  if (Array.isArray(container)) return container[indexIn(container, key)]
  if (!Object.hasOwn(container, key)) throw missing(`unable to get nonexistent key: ${key}`)
  return container[key]
}

/** False for a missing key of an object, which a test reads as `null`. A bad index of a list is an error later. */
function has({ container, key }: Place): boolean {
  return Array.isArray(container) || Object.hasOwn(container, key)
}

function insert({ container, key }: Place, value: unknown): void {
  if (!Array.isArray(container)) setField(container, key, value)
  else if (key === '-') container.push(value)
  else container.splice(insertionIndex(container, key), 0, value)
}

function take({ container, key }: Place): unknown {
  if (Array.isArray(container)) return container.splice(indexIn(container, key), 1)[0]
  if (!Object.hasOwn(container, key)) throw missing(`unable to remove nonexistent key: ${key}`)
  const value = container[key]
  Reflect.deleteProperty(container, key)
  return value
}

function setField(container: Record<string, unknown>, key: string, value: unknown): void {
  Object.defineProperty(container, key, { value, enumerable: true, configurable: true, writable: true })
}

function insertionIndex(list: readonly unknown[], key: string): number {
  const index = parseIndex(key, (fault) => `value was not a proper array index: '${key}': ${fault}`)
  return bounded(index, list.length + 1)
}

function indexIn(list: readonly unknown[], key: string): number {
  return bounded(
    parseIndex(key, (fault) => fault),
    list.length,
  )
}

function parseIndex(key: string, describe: (fault: string) => string): number {
  if (/^[-+]?\d+$/.test(key)) return Number(key)
  throw new JsonPatchError('other', describe(`strconv.Atoi: parsing ${JSON.stringify(key)}: invalid syntax`))
}

function bounded(index: number, length: number): number {
  if (index >= length || index < -length) {
    throw new JsonPatchError('other', `Unable to access invalid index: ${index}: invalid index referenced`)
  }
  return index < 0 ? index + length : index
}

function missing(message: string): JsonPatchError {
  return new JsonPatchError('missing', `${message}: missing value`)
}

function within<T>(prefix: string, step: () => T): T {
  try {
    return step()
  } catch (thrown) {
    if (thrown instanceof JsonPatchError) throw new JsonPatchError(thrown.kind, `${prefix}: ${thrown.message}`)
    throw thrown
  }
}
