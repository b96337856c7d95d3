import { isSweptByVelero } from '../../core/results/restore-status.ts'
import type { Restore } from '../../velero/restore.ts'

/** What the client's exit codes mean; scripts rely on them, so they never change. */
export const exitCodes = {
  ok: 0,
  error: 1,
  usage: 2,
  partiallyFailed: 3,
  failed: 4,
  cancelled: 5,
  notFound: 6,
  temporalUnreachable: 7,
  clusterUnreachable: 8,
  interrupted: 130,
} as const

/** One of the client's exit codes. */
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

/** The list at the end of each help. */
export const exitCodeHelp = `
Exit codes:
  0    done; with --wait or watch: the restore is Completed
  1    an error, told in one line on standard error
  2    the command line or the configuration is wrong
  3    the restore ended PartiallyFailed (with --wait, watch)
  4    the restore ended Failed or FailedValidation (with --wait, watch)
  5    the restore was cancelled or deleted (with --wait, watch)
  6    no such backup, schedule, restore or workflow
  7    Temporal cannot be reached
  8    the cluster cannot be reached, or refuses the credentials or the request
  130  interrupted by Ctrl-C; the restore goes on`

/** The exit code that says how a restore ended; undefined is a Restore that was deleted meanwhile. */
export function exitCodeOf(restore: Restore | undefined): ExitCode {
  const status = restore?.status ?? {}
  if (restore === undefined) return exitCodes.cancelled
  if (status.phase === 'Completed') return exitCodes.ok
  if (status.phase === 'PartiallyFailed') return exitCodes.partiallyFailed
  if (status.phase === 'Failed' && !isSweptByVelero(status) && status.failureReason?.startsWith('cancelled') === true)
    return exitCodes.cancelled
  return exitCodes.failed
}
