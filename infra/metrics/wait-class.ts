/** What activities and their retries wait for, as few words as there are remedies. */
const classes: readonly (readonly [RegExp, string])[] = [
  // By their beginning first: the names of objects come later in a sentence.
  [/^(?:waiting for )?(?:Restore \S+, which |one of the \d+ restores |its turn\b)/, 'lock'],
  [/^(?:waiting for )?\d+ of \d+ operations/, 'operation'],
  [/^(?:waiting for )?(?:hooks? |container )/, 'hook'],
  [/^(?:waiting for )?(?:pod |claim |volume |PVC |PV )/, 'volume'],
  [/^(?:waiting for )?namespace /, 'namespace'],
  [/^(?:waiting for )?CRD /, 'crd'],
  [/\b(?:lock|turn)\b/i, 'lock'],
  [/lease|worker/i, 'lease'],
  [/hook/i, 'hook'],
  [/volume|datadownload/i, 'volume'],
  [/operation/i, 'operation'],
  [/archive/i, 'archive'],
  [/bucket|location/i, 'bucket'],
  [/\bapi server|cluster/i, 'cluster'],
  [/namespace/i, 'namespace'],
]

/** All classes of reasons. */
export const waitClasses: ReadonlySet<string> = new Set([...classes.map(([, name]) => name), 'other'])

/** The class of a reason in words: a label must not hold names. */
export function waitClassOf(reason: string): string {
  return classes.find(([pattern]) => pattern.test(reason))?.[1] ?? 'other'
}
