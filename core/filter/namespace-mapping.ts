/**
 * The namespace that items of a backed-up namespace go into: the one it is mapped to, or itself. Only exact names are
 * mapped; a namespace called like a method of every object is a name like any other.
 */
export function targetNamespace(mapping: Readonly<Record<string, string>> | undefined, source: string): string {
  return mapping && Object.hasOwn(mapping, source) ? (mapping[source] ?? source) : source
}
