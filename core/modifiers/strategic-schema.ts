import { strategicKinds, strategicTypes } from './strategic-type-table.ts'

/** The type of an object: how strategic merge patches merge its fields. */
export interface StrategicSchema {
  /** The name of the type, for messages. */
  readonly name: string
  /** How to merge a field that is an object or a list; undefined if the type has no such field. */
  readonly field: (name: string) => StrategicField | undefined
}

/** How one field is merged. */
export interface StrategicField {
  /** The type of the object, or of the elements of the list. */
  schema: StrategicSchema
  list: boolean
  /** `merge`, `replace`, or empty: then objects are merged and lists replaced. */
  strategy: string
  /** The field by which elements of a list are identified. */
  mergeKey: string
}

let types: ReadonlyMap<string, ReadonlyMap<string, string>> | undefined

/** The schema of a kind; undefined for kinds that are not in Velero's scheme, such as custom resources. */
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
