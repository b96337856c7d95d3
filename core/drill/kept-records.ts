const stampPattern = /\/(\d{14})\.(?:json|html)$/

/** The time of a record or a report, by its key; undefined for another object. */
export function stampOfKey(key: string): string | undefined {
  return stampPattern.exec(key)?.[1]
}

/** The keys of records and reports that are more than a drill keeps, the oldest ones. What is neither is left alone. */
export function keysToRemove(keys: readonly string[], keep: number): string[] {
  const stamps = [...new Set(keys.flatMap((key) => stampOfKey(key) ?? []))].sort()
  const surplus = new Set(stamps.slice(0, Math.max(0, stamps.length - keep)))
  return keys.filter((key) => surplus.has(stampOfKey(key) ?? ''))
}

/** The keys of the newest records, newest first. */
export function newestRecords(keys: readonly string[], count: number): string[] {
  return keys
    .filter((key) => key.endsWith('.json') && stampOfKey(key) !== undefined)
    .sort()
    .slice(-count)
    .reverse()
}
