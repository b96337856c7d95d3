import { resolveGoScalar } from './go-scalar.ts'
import { readYaml } from './read-yaml.ts'
import type { YamlNode } from './read-yaml.ts'
import { goType } from './shape.ts'
import type { Shape } from './shape.ts'

/**
 * Decodes a YAML text the way Velero reads resource policies: unknown fields and repeated keys are errors, field names
 * match exactly, a scalar where a string is wanted is its text as written, and elements that are `null` drop out of
 * lists. All faults are reported, each with its line.
 */
export function decodeKnownFields(text: string, shape: Shape): { value: unknown } | { error: string } {
  const read = readYaml(text)
  if ('error' in read) return read
  if (!read.root) return { error: 'EOF' }
  const faults: string[] = []
  const value = decode(read.root, shape, faults)
  return faults.length > 0 ? { error: `yaml: unmarshal errors:\n${faults.join('\n')}` } : { value }
}

/** What no value stands for: `null`, and whatever a fault was reported for. */
const nothing = undefined

function decode(node: YamlNode, shape: Shape, faults: string[]): unknown {
  if (isNull(node)) return nothing
  switch (shape.is) {
    case 'any':
      return null
    case 'string':
      return node.kind === 'scalar' ? node.text : wrongKind(node, shape, faults)
    case 'list': {
      if (node.kind !== 'list') return wrongKind(node, shape, faults)
      const items = node.items.map((item) => (shape.pointers && isNull(item) ? {} : decode(item, shape.of, faults)))
      return items.filter((item) => item !== nothing)
    }
    case 'map': {
      if (node.kind !== 'map') return wrongKind(node, shape, faults)
      const repeated = repeatedKeys(node)
      faults.push(...repeated)
      return Object.fromEntries(
        node.entries.map(({ key, value }) => [keyText(key), decode(value, shape.of, faults) ?? '']),
      )
    }
    case 'struct':
      return node.kind === 'map' ? decodeStruct(node, shape, faults) : wrongKind(node, shape, faults)
  }
}

function decodeStruct(
  node: Extract<YamlNode, { kind: 'map' }>,
  shape: Extract<Shape, { is: 'struct' }>,
  faults: string[],
): unknown {
  const repeated = repeatedKeys(node)
  if (repeated.length > 0) {
    faults.push(...repeated)
    return nothing
  }
  const decoded = new Map<string, unknown>()
  for (const { key, value } of node.entries) {
    const name = keyText(key)
    const inner = Object.hasOwn(shape.fields, name) ? shape.fields[name] : undefined
    if (!inner) {
      faults.push(`  line ${key.line}: field ${name} not found in type ${shape.go}`)
      continue
    }
    const found = decode(value, inner, faults)
    if (found !== nothing) decoded.set(name, found)
  }
  return Object.fromEntries(decoded)
}

function wrongKind(node: YamlNode, shape: Shape, faults: string[]): undefined {
  faults.push(`  line ${node.line}: cannot unmarshal ${describe(node)} into ${goType(shape)}`)
  return nothing
}

function describe(node: YamlNode): string {
  if (node.kind !== 'scalar') return node.kind === 'list' ? '!!seq' : '!!map'
  const text = node.text.length > 10 ? `${node.text.slice(0, 7)}...` : node.text
  return `!!${scalarTag(node)} \`${text}\``
}

/** Only `true` and `false` are booleans for this library; `yes` and its like are strings. */
function scalarTag(node: Extract<YamlNode, { kind: 'scalar' }>): string {
  if (!node.plain) return 'str'
  if (/^\d{4}-\d\d?-\d\d?/.test(node.text)) return 'timestamp'
  const { kind } = resolveGoScalar(node.text)
  if (kind === 'bool') return /^(true|false)$/i.test(node.text) ? 'bool' : 'str'
  return kind === 'string' ? 'str' : kind
}

function isNull(node: YamlNode): boolean {
  return node.kind === 'scalar' && node.plain && resolveGoScalar(node.text).kind === 'null'
}

function keyText(key: YamlNode): string {
  return key.kind === 'scalar' ? key.text : ''
}

function repeatedKeys(node: Extract<YamlNode, { kind: 'map' }>): string[] {
  const lines = new Map<string, number>()
  return node.entries.flatMap(({ key }) => {
    const name = keyText(key)
    const first = lines.get(name)
    if (first === undefined) {
      lines.set(name, key.line)
      return []
    }
    return [`  line ${key.line}: mapping key ${JSON.stringify(name)} already defined at line ${first}`]
  })
}
