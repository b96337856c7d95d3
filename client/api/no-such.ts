import { ClientError } from './client-error.ts'
import { exitCodes } from '../cli/exit-codes.ts'
import { nearestNames } from '../cli/nearest-names.ts'

/** The error about a name that is not there, with the nearest that are. */
export function noSuch(
  kind: string,
  name: string,
  options: { namespace: string; names: readonly string[] },
): ClientError {
  const nearest = nearestNames(name, options.names).map((near) => JSON.stringify(near))
  const others = options.names.length === 0 ? `; there is none at all` : ''
  const hint = nearest.length === 0 ? others : `; did you mean ${nearest.join(' or ')}?`
  return new ClientError(
    exitCodes.notFound,
    `No such ${kind} ${JSON.stringify(name)} in namespace ${options.namespace}${hint}`,
  )
}
