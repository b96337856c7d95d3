/** What activities and their retries wait for, as few words as there are remedies. */
const classes: readonly (readonly [RegExp, string])[] = [
  [/\block\b|turn/i, 'lock'],
  [/lease|worker/i, 'lease'],
  [/hook/i, 'hook'],
  [/volume|datadownload/i, 'volume'],
  [/operation/i, 'operation'],
  [/archive/i, 'archive'],
  [/bucket|location/i, 'bucket'],
  [/\bapi server|cluster/i, 'cluster'],
  [/namespace/i, 'namespace'],
]

/** The class of a reason in words: a label must not hold names. */
export function waitClassOf(reason: string): string {
  return classes.find(([pattern]) => pattern.test(reason))?.[1] ?? 'other'
}
