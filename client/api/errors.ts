import type {
  NamespaceNotFoundError,
  QueryNotRegisteredError,
  ServiceError,
  WorkflowNotFoundError,
} from '@temporalio/client'
import { ApiError, StoreError } from '../../core/port-errors.ts'
import { ClientError, exitCodes } from './options.ts'
import type { ErrorCode, ExitCode } from './options.ts'

export { ClientError, exitCodes } from './options.ts'
export type { ErrorCode, ExitCode } from './options.ts'

/** Whatever was thrown, as an error that a program can tell by its code. The original is its cause. */
export function asClientError(thrown: unknown): ClientError {
  if (thrown instanceof ClientError) return thrown
  const { exitCode, line } = explainError(thrown)
  const code = codeOf(thrown)
  return new ClientError(exitCode, line, { cause: thrown, ...(code === undefined ? {} : { code }) })
}

function codeOf(thrown: unknown): ErrorCode | undefined {
  if (thrown instanceof StoreError) return 'BUCKET'
  if (!(thrown instanceof ApiError)) return undefined
  if (thrown.code === 401) return 'UNAUTHORIZED'
  if (thrown.code === 403) return 'FORBIDDEN'
  return isClusterUnusable(thrown) ? 'CLUSTER_UNREACHABLE' : 'CLUSTER_REFUSED'
}

/** How an error is shown: its exit code, and one line without a line end. */
export interface ExplainedError {
  exitCode: ExitCode
  line: string
}

/** Explains whatever was thrown: errors of the client, the API server, the bucket and Temporal. */
export function explainError(thrown: unknown): ExplainedError {
  if (thrown instanceof ClientError) return { exitCode: thrown.exitCode, line: oneLine(thrown.message) }
  if (thrown instanceof ApiError) return explainApiError(thrown)
  if (thrown instanceof StoreError) return { exitCode: exitCodes.error, line: oneLine(thrown.message) }
  if (isTemporalError(thrown, 'NamespaceNotFoundError'))
    return { exitCode: exitCodes.temporalUnreachable, line: `Temporal has no namespace ${thrown.namespace}` }
  if (isTemporalError(thrown, 'WorkflowNotFoundError'))
    return { exitCode: exitCodes.notFound, line: oneLine(`no such workflow: ${thrown.message}`) }
  if (isTemporalError(thrown, 'ServiceError'))
    return { exitCode: exitCodes.temporalUnreachable, line: oneLine(`Temporal refuses: ${detailsOf(thrown)}`) }
  return { exitCode: exitCodes.error, line: oneLine(messageOf(thrown)) }
}

interface TemporalErrors {
  NamespaceNotFoundError: NamespaceNotFoundError
  QueryNotRegisteredError: QueryNotRegisteredError
  ServiceError: ServiceError
  WorkflowNotFoundError: WorkflowNotFoundError
}

/**
 * Whether an error is of a class of Temporal's client. The names of the classes are part of its interface, and to load the classes
 * themselves takes longer than all the rest of a command that does without Temporal.
 */
export function isTemporalError<Name extends keyof TemporalErrors>(
  thrown: unknown,
  name: Name,
): thrown is TemporalErrors[Name] {
  return thrown instanceof Error && thrown.name === name
}

/** The message of an error, or whatever else was thrown as text. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown)
}

/** Joins the lines of a text by semicolons, and cuts it after 1,000 characters. */
export function oneLine(text: string): string {
  const line = text.replace(/\s*\n\s*/g, '; ').trim()
  return line.length > lineCharactersMax ? `${line.slice(0, lineCharactersMax)}…` : line
}

const lineCharactersMax = 1000

function explainApiError(error: ApiError): ExplainedError {
  const message = error.message === '' ? `the API server answers ${error.code} ${error.reason}` : error.message
  return {
    exitCode: isClusterUnusable(error) ? exitCodes.clusterUnreachable : exitCodes.error,
    line: oneLine(`${introductionOf(error)}${message}`),
  }
}

/** Code 0 is a request without an answer. */
function isClusterUnusable({ code }: ApiError): boolean {
  return code === 0 || code === 401 || code === 403 || code === 429 || code >= 500
}

function introductionOf({ code }: ApiError): string {
  if (code === 0 || code >= 500) return 'the cluster cannot be reached: '
  if (code === 401) return 'the cluster refuses the credentials, perhaps the token has expired: '
  return code === 403 ? 'the cluster forbids it: ' : ''
}

function detailsOf(error: ServiceError): string {
  const details = (error.cause as { details?: unknown } | undefined)?.details
  return typeof details === 'string' && details !== '' ? details : error.message
}
