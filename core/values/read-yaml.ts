import { isAlias, isMap, isScalar, isSeq, LineCounter, parseAllDocuments } from 'yaml'
import type { Document } from 'yaml'

/** A YAML document as its reader saw it: scalars keep their text, because Velero's two YAML libraries read it differently. */
export type YamlNode =
  | { kind: 'scalar'; line: number; text: string; plain: boolean }
  | { kind: 'list'; line: number; items: YamlNode[] }
  | { kind: 'map'; line: number; entries: YamlEntry[] }

export interface YamlEntry {
  key: YamlNode
  value: YamlNode
}

/** More nodes than this, aliases counted each time, are an attack and no configuration. */
const nodesMax = 200_000

const goMessages: Partial<Record<string, string>> = {
  BLOCK_AS_IMPLICIT_KEY: 'mapping values are not allowed in this context',
  BAD_SCALAR_START: 'found character that cannot start any token',
  TAB_AS_INDENT: 'found character that cannot start any token',
  BAD_DQ_ESCAPE: 'found unknown escape character',
}

/**
 * Reads the first document of a YAML text, as Velero does; `root` is undefined where there is none.
 * Aliases and merge keys are resolved. The messages follow those of Go's library where the same mistake has one.
 */
export function readYaml(text: string): { root: YamlNode | undefined } | { error: string } {
  const lines = new LineCounter()
  const documents = parseAllDocuments(text, {
    schema: 'failsafe',
    uniqueKeys: false,
    logLevel: 'silent',
    prettyErrors: false,
    lineCounter: lines,
  })
  const document = Array.isArray(documents) ? documents[0] : undefined
  if (!document) return { root: undefined }
  const fault = document.errors[0]
  if (fault) {
    const line = lines.linePos(fault.pos[0]).line
    return { error: `yaml: ${line > 1 ? `line ${line}: ` : ''}${goMessage(fault)}` }
  }
  const reader = new Map<'nodes', number>()
  const result = convert(document.contents, { document, lines, reader, parents: [] })
  return 'error' in result ? { error: `yaml: ${result.error}` } : { root: result }
}

interface Reading {
  document: Document.Parsed
  lines: LineCounter
  /** How many nodes were read so far. */
  reader: Map<'nodes', number>
  parents: readonly unknown[]
}

type Converted = YamlNode | { error: string }

function convert(node: unknown, reading: Reading): Converted {
  const count = (reading.reader.get('nodes') ?? 0) + 1
  reading.reader.set('nodes', count)
  if (count > nodesMax) return { error: 'document contains excessive aliasing' }
  if (isAlias(node)) {
    const target = node.resolve(reading.document)
    if (!target) return { error: `unknown anchor '${node.source}' referenced` }
    if (reading.parents.includes(target)) return { error: `anchor '${node.source}' value contains itself` }
    return convert(target, reading)
  }
  const line = lineOf(node, reading.lines)
  const inside = { ...reading, parents: [...reading.parents, node] }
  if (isSeq(node)) {
    const items = convertAll(node.items, inside)
    return 'error' in items ? items : { kind: 'list', line, items: items.nodes }
  }
  if (isMap(node)) {
    const nodes = convertAll(
      node.items.flatMap((pair) => [pair.key, pair.value]),
      inside,
    )
    return 'error' in nodes ? nodes : { kind: 'map', line, entries: mergeEntries(pairUp(nodes.nodes)) }
  }
  if (!isScalar(node)) return { kind: 'scalar', line, text: '', plain: true }
  const plain = node.type === 'PLAIN' && node.tag !== 'tag:yaml.org,2002:str'
  return { kind: 'scalar', line, text: String(node.value), plain }
}

function convertAll(items: readonly unknown[], reading: Reading): { nodes: YamlNode[] } | { error: string } {
  const nodes: YamlNode[] = []
  for (const item of items) {
    const node = convert(item, reading)
    if ('error' in node) return node
    nodes.push(node)
  }
  return { nodes }
}

function pairUp(nodes: readonly YamlNode[]): YamlEntry[] {
  const entries: YamlEntry[] = []
  for (let at = 0; at + 1 < nodes.length; at += 2) {
    const [key, value] = nodes.slice(at, at + 2)
    if (key && value) entries.push({ key, value })
  }
  return entries
}

/** `<<: {…}` stands for the entries of that map that the map itself does not have. */
function mergeEntries(entries: readonly YamlEntry[]): YamlEntry[] {
  const own = entries.filter(({ key }) => !isMergeKey(key))
  const names = new Set(own.map(({ key }) => (key.kind === 'scalar' ? key.text : undefined)))
  const sources = entries.filter(({ key }) => isMergeKey(key)).map(({ value }) => value)
  const merged = sources.flatMap((source) => (source.kind === 'list' ? source.items : [source]))
  for (const source of merged) {
    for (const entry of source.kind === 'map' ? source.entries : []) {
      const name = entry.key.kind === 'scalar' ? entry.key.text : undefined
      if (names.has(name)) continue
      names.add(name)
      own.push(entry)
    }
  }
  return own
}

function isMergeKey(key: YamlNode): boolean {
  return key.kind === 'scalar' && key.plain && key.text === '<<'
}

function lineOf(node: unknown, lines: LineCounter): number {
  const range = (node as { range?: readonly number[] } | null)?.range
  return range ? lines.linePos(range[0] ?? 0).line : 1
}

function goMessage({ code, message }: { code: string; message: string }): string {
  if (message.startsWith('Missing closing')) return 'found unexpected end of stream'
  if (message.startsWith('Implicit map keys need')) return "could not find expected ':'"
  return goMessages[code] ?? message.charAt(0).toLowerCase() + message.slice(1)
}
