/**
 * What a configuration must look like. The names of Go's types are part of it, because Velero's messages about a value
 * of the wrong kind name them.
 */
export type Shape =
  | { is: 'string' }
  | { is: 'list'; of: Shape; pointers?: boolean }
  | { is: 'map'; of: Shape }
  | { is: 'struct'; go: string; fields: Readonly<Record<string, Shape>> }
  | { is: 'any' }

export const aString: Shape = { is: 'string' }
export const strings: Shape = { is: 'list', of: aString }
export const stringMap: Shape = { is: 'map', of: aString }
export const anything: Shape = { is: 'any' }

/** A list of that shape. */
export function listOf(of: Shape): Shape {
  return { is: 'list', of }
}

/** An object with these fields and no others. */
export function struct(go: string, fields: Record<string, Shape>): Shape {
  return { is: 'struct', go, fields }
}

/** The name of the type in Go's messages. */
export function goType(shape: Shape): string {
  switch (shape.is) {
    case 'string':
      return 'string'
    case 'list':
      return `[]${shape.pointers ? '*' : ''}${goType(shape.of)}`
    case 'map':
      return `map[string]${goType(shape.of)}`
    case 'struct':
      return shape.go
    case 'any':
      return 'interface {}'
  }
}
