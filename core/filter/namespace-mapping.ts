/**
 * The namespace into which items of a namespace of the backup are restored: the one it is mapped to, or the same.
 * Only exact names are mapped, also names such as `constructor`.
 */
export function targetNamespace(mapping: Readonly<Record<string, string>> | undefined, source: string): string {
  return mapping && Object.hasOwn(mapping, source) ? (mapping[source] ?? source) : source
}
