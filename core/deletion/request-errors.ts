/** So many errors stand in a request at most, and so many characters of each: etcd holds objects of 1.5 MiB. */
const errorsMax = 100
const charactersMax = 1000

/**
 * The errors of a deletion as its request can hold them: each one once, the first hundred, long ones cut. It is empty only where there are
 * none, and the same where it is applied twice.
 */
export function requestErrors(errors: readonly string[]): string[] {
  const all = [...new Set(errors.map(cut))]
  if (all.length <= errorsMax) return all
  return [...all.slice(0, errorsMax - 1), `and ${all.length - errorsMax + 1} more errors`]
}

function cut(error: string): string {
  return error.length <= charactersMax ? error : `${error.slice(0, charactersMax - 1)}…`
}
