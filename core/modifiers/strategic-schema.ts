import { strategicKinds, strategicTypes } from './strategic-type-table.ts'

/** What a strategic merge patch must know of a type: how its fields that are objects or lists are merged. */
export interface StrategicSchema {
  /** The name of the type, for messages. */
  readonly name: string
  /** A field that is an object or a list; undefined where the type has none of that name. */
  readonly field: (name: string) => StrategicField | undefined
}

/** How one field is merged. */
export interface StrategicField {
  /** Of the object itself, or of the elements of a list. */
  schema: StrategicSchema
  list: boolean
  /** `merge`, `replace`, or nothing, which merges objects and replaces lists. */
  strategy: string
  /** The key by which elements of a list are the same. */
  mergeKey: string
}

let types: ReadonlyMap<string, ReadonlyMap<string, string>> | undefined

/** The schema of a kind; undefined for kinds that Velero's own scheme lacks, such as those of custom resources. */
export function strategicSchemaOf(apiVersion: string, kind: string): StrategicSchema | undefined {
  return strategicKinds[apiVersion]?.includes(kind) ? schemaNamed(kind) : undefined
}

function schemaNamed(name: string): StrategicSchema {
  return {
    name,
    field: (field) => {
      types ??= readTable()
      const text = types.get(name)?.get(field)
      return text === undefined ? undefined : readField(text)
    },
  }
}

function readTable(): Map<string, Map<string, string>> {
  const lines = strategicTypes.trim().split('\n')
  return new Map(
    lines.map((line) => {
      const [name = '', ...fields] = line.split(' ')
      return [name, new Map(fields.map((field) => splitOnce(field, ':')))]
    }),
  )
}

function readField(text: string): StrategicField {
  const [rest, mergeKey] = splitOnce(text, '@')
  const [type = '', ...strategies] = rest.split('!')
  const list = type.startsWith('[]')
  return {
    schema: schemaNamed(list ? type.slice(2) : type),
    list,
    strategy: strategies.find((strategy) => strategy !== 'retainKeys') ?? '',
    mergeKey,
  }
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator)
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)]
}
