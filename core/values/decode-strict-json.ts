import { formatGoFloat, resolveGoScalar } from './go-scalar.ts'
import { readYaml } from './read-yaml.ts'
import type { YamlNode } from './read-yaml.ts'
import { goType } from './shape.ts'
import type { Shape } from './shape.ts'

/**
 * Decodes a YAML text the way Velero reads resource modifiers: as JSON, strictly. Unknown fields and repeated keys are
 * errors, field names match in any case, `null` is the same as absent, and a number or boolean where a string is wanted
 * becomes its text. The value has the fields of the shape that were given, and no others.
 */
export function decodeStrictJson(text: string, shape: Shape): { value: unknown } | { error: string } {
  const read = readYaml(text)
  if ('error' in read) return { error: `error converting YAML to JSON: ${read.error}` }
  if (!read.root) return { value: undefined }
  const repeated = repeatedKeys(read.root)
  if (repeated.length > 0) {
    return { error: `error converting YAML to JSON: yaml: unmarshal errors:\n${repeated.join('\n')}` }
  }
  return decodeJsonNode(read.root, shape, (fault) => `error unmarshaling JSON: while decoding JSON: ${fault}`)
}

/** The same for what is JSON already, such as a container in a hook; unknown fields are let pass. */
export function decodeJsonNode(
  node: YamlNode,
  shape: Shape,
  wrap: (fault: string) => string,
): { value: unknown } | { error: string } {
  const faults: string[] = []
  const value = decode(node, shape, { path: [], struct: '', faults })
  const first = faults[0]
  return first === undefined ? { value } : { error: wrap(`json: ${first}`) }
}

interface Place {
  /** Names of the fields above, without indices. */
  path: readonly string[]
  /** The innermost struct above. */
  struct: string
  faults: string[]
}

function decode(node: YamlNode, shape: Shape, place: Place): unknown {
  if (jsonKind(node) === 'null') return undefined
  switch (shape.is) {
    case 'any':
      return null
    case 'string':
      return node.kind === 'scalar' ? scalarText(node) : wrongKind(node, shape, place)
    case 'list':
      if (node.kind !== 'list') return wrongKind(node, shape, place)
      return node.items.map((item) => decode(item, shape.of, place) ?? zero(shape.of))
    case 'map':
      if (node.kind !== 'map') return wrongKind(node, shape, place)
      return Object.fromEntries(
        node.entries.map(({ key, value }) => [keyText(key), decode(value, shape.of, place) ?? zero(shape.of)]),
      )
    case 'struct':
      if (node.kind !== 'map') return wrongKind(node, shape, place)
      return decodeStruct(node, shape, place)
  }
}

/** Go meets the fields in alphabetical order, for its JSON comes out of a map; the first fault is the one it reports. */
function decodeStruct(
  node: Extract<YamlNode, { kind: 'map' }>,
  shape: Extract<Shape, { is: 'struct' }>,
  place: Place,
): Record<string, unknown> {
  const decoded = new Map<string, unknown>()
  const struct = shape.go.slice(shape.go.indexOf('.') + 1)
  const entries = node.entries.map(({ key, value }) => ({ name: keyText(key), value }))
  for (const { name, value } of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const field = fieldNamed(name, shape)
    const inner = field === undefined ? undefined : shape.fields[field]
    if (field === undefined || inner === undefined) {
      place.faults.push(`unknown field ${JSON.stringify(name)}`)
      continue
    }
    const found = decode(value, inner, { ...place, struct, path: [...place.path, field] })
    if (found !== undefined) decoded.set(field, found)
  }
  return Object.fromEntries(decoded)
}

function fieldNamed(name: string, shape: Extract<Shape, { is: 'struct' }>): string | undefined {
  if (Object.hasOwn(shape.fields, name)) return name
  return Object.keys(shape.fields).find((field) => field.toLowerCase() === name.toLowerCase())
}

function wrongKind(node: YamlNode, shape: Shape, { path, struct, faults }: Place): undefined {
  const target = path.length > 0 ? `Go struct field ${struct}.${path.join('.')}` : 'Go value'
  faults.push(`cannot unmarshal ${jsonKind(node)} into ${target} of type ${goType(shape)}`)
  return undefined
}

function zero(shape: Shape): unknown {
  return shape.is === 'string' ? '' : shape.is === 'list' ? [] : {}
}

function jsonKind(node: YamlNode): string {
  if (node.kind === 'list') return 'array'
  if (node.kind === 'map') return 'object'
  if (!node.plain) return 'string'
  const { kind } = resolveGoScalar(node.text)
  return kind === 'int' || kind === 'float' ? 'number' : kind
}

function scalarText(node: Extract<YamlNode, { kind: 'scalar' }>): string {
  if (!node.plain) return node.text
  const scalar = resolveGoScalar(node.text)
  switch (scalar.kind) {
    case 'null':
      return ''
    case 'float':
      return formatGoFloat(scalar.value)
    case 'bool':
    case 'int':
    case 'string':
      return String(scalar.value)
  }
}

function keyText(key: YamlNode): string {
  return key.kind === 'scalar' ? scalarText(key) : ''
}

function repeatedKeys(node: YamlNode): string[] {
  if (node.kind === 'scalar') return []
  if (node.kind === 'list') return node.items.flatMap(repeatedKeys)
  const seen = new Set<string>()
  return node.entries.flatMap(({ key, value }) => {
    const name = keyText(key)
    const repeated = seen.has(name) ? [`  line ${key.line}: key ${JSON.stringify(name)} already set in map`] : []
    seen.add(name)
    return [...repeatedKeys(value), ...repeated]
  })
}
