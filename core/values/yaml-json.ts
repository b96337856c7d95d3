import { resolveGoScalar } from './go-scalar.ts'
import { parseJson } from './manifest-json.ts'
import { readYaml } from './read-yaml.ts'
import type { YamlNode } from './read-yaml.ts'

/**
 * A YAML text as a JSON value, by the rules of Velero's YAML library: YAML 1.1, the last of repeated keys wins, an empty
 * text is `null`. Integers beyond 2^53 stay exact, as `JSON.rawJSON`.
 */
export function yamlToJson(text: string): { value: unknown } | { error: string } {
  const read = readYaml(text)
  if ('error' in read) return read
  try {
    return { value: read.root ? toJson(read.root) : null }
  } catch (thrown) {
    if (thrown instanceof RangeError) return { error: thrown.message }
    throw thrown
  }
}

function toJson(node: YamlNode): unknown {
  switch (node.kind) {
    case 'list':
      return node.items.map(toJson)
    case 'map':
      return Object.fromEntries(node.entries.map(({ key, value }) => [keyText(key), toJson(value)]))
    case 'scalar':
      return node.plain ? scalarValue(node.text) : node.text
  }
}

function scalarValue(text: string): unknown {
  const scalar = resolveGoScalar(text)
  switch (scalar.kind) {
    case 'null':
      return null
    case 'int':
      return parseJson(String(scalar.value))
    case 'float':
      if (!Number.isFinite(scalar.value)) throw new RangeError(`json: unsupported value: ${infinityText(scalar.value)}`)
      return scalar.value
    case 'bool':
    case 'string':
      return scalar.value
  }
}

function keyText(key: YamlNode): string {
  const value = toJson(key)
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function infinityText(value: number): string {
  return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf'
}
