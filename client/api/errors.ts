import { NamespaceNotFoundError, ServiceError, WorkflowNotFoundError } from '@temporalio/client'
import { CommanderError } from 'commander'
import { ApiError, StoreError } from '../../core/port-errors.ts'
import { ClientError } from './client-error.ts'
import { exitCodes } from '../cli/exit-codes.ts'
import type { ExitCode } from '../cli/exit-codes.ts'

/** What to print and how to exit. */
export interface Explanation {
  exitCode: ExitCode
  /** One line; empty where everything has been said. */
  line: string
}

/** Turns whatever was thrown into one clear line and its exit code. */
export function explainError(thrown: unknown): Explanation {
  if (thrown instanceof ClientError) return { exitCode: thrown.exitCode, line: oneLine(thrown.message) }
  if (thrown instanceof CommanderError) return { exitCode: commanderCode(thrown), line: '' }
  if (thrown instanceof ApiError) return explainApiError(thrown)
  if (thrown instanceof StoreError) return { exitCode: exitCodes.error, line: oneLine(thrown.message) }
  if (thrown instanceof NamespaceNotFoundError)
    return { exitCode: exitCodes.temporalUnreachable, line: `Temporal has no namespace ${thrown.namespace}` }
  if (thrown instanceof WorkflowNotFoundError)
    return { exitCode: exitCodes.notFound, line: oneLine(`no such workflow: ${thrown.message}`) }
  if (thrown instanceof ServiceError)
    return { exitCode: exitCodes.temporalUnreachable, line: oneLine(`Temporal refuses: ${reasonOf(thrown)}`) }
  return { exitCode: exitCodes.error, line: oneLine(thrown instanceof Error ? thrown.message : String(thrown)) }
}

/** Commander has printed its own text; to be shown the help because one asked for it is no error. */
function commanderCode(error: CommanderError): ExitCode {
  return ['commander.helpDisplayed', 'commander.version'].includes(error.code) ? exitCodes.ok : exitCodes.usage
}

function explainApiError(error: ApiError): Explanation {
  const exitCode = isOfCluster(error) ? exitCodes.clusterUnreachable : exitCodes.error
  const message = error.message === '' ? `the API server answers ${error.code} ${error.reason}` : error.message
  return { exitCode, line: oneLine(`${introduction(error)}${message}`) }
}

function isOfCluster({ code }: ApiError): boolean {
  return code === 0 || code === 401 || code === 403 || code === 429 || code >= 500
}

function introduction({ code }: ApiError): string {
  if (code === 0 || code >= 500) return 'the cluster cannot be reached: '
  if (code === 401) return 'the cluster refuses the credentials, perhaps the token has expired: '
  return code === 403 ? 'the cluster forbids it: ' : ''
}

function reasonOf(error: ServiceError): string {
  const details = (error.cause as { details?: unknown } | undefined)?.details
  return typeof details === 'string' && details !== '' ? details : error.message
}

/** Server messages may have several lines, and nobody reads a kilobyte. */
export function oneLine(text: string): string {
  const line = text.replace(/\s*\n\s*/g, '; ').trim()
  return line.length > lineCharactersMax ? `${line.slice(0, lineCharactersMax)}…` : line
}

const lineCharactersMax = 1000
