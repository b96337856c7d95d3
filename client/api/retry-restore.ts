import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { pendingRetry, runOf, whyNotRetried } from '../../core/request/decide-retry.ts'
import { retriedAnnotation, retryAnnotation, retryRefusedAnnotation } from '../../velero/labels.ts'
import type { Restore } from '../../velero/restore.ts'
import type { Connections } from './connections.ts'
import { ClientError, exitCodes } from './errors.ts'
import { readRestore, veleroRef } from './velero-objects.ts'

/** How to ask for a retry. */
export interface RetryOptions {
  /** The same token makes one run, however often it is asked for. Without it each call asks for a run of its own. */
  token?: string | undefined
  /** For how long a worker may take to answer, in milliseconds. */
  answerMs?: number
}

/** What came of it: the run has begun (or had begun, by this token), or no worker has answered yet. */
export type RetryAnswer = { do: 'begun'; run: number; restore: Restore } | { do: 'asked' }

const answerMsDefault = 15_000
const lookMs = 250

/**
 * Retries a restore that is over: sets the annotation that workers watch for, and waits for the answer of one. Throws a
 * `ClientError` with one sentence where the Restore cannot be retried, or where the worker refuses.
 */
export async function retryRestore(
  connections: Connections,
  restore: Restore,
  { token = randomUUID(), answerMs = answerMsDefault }: RetryOptions = {},
): Promise<RetryAnswer> {
  const { name, annotations = {} } = restore.metadata
  if (token === '') throw new ClientError(exitCodes.usage, 'the token of a retry is empty')
  const isAnswered = annotations[retriedAnnotation] === token
  if (isAnswered && annotations[retryRefusedAnnotation] === undefined) return answerIn(restore)
  const because = whyNotRetried(restore)
  if (because !== undefined) throw notRetried(name, because)
  await requireBackup(connections, restore)
  await annotate(connections, restore, token)
  for (let waitedMs = 0; waitedMs < answerMs; waitedMs += lookMs) {
    const current = await readRestore(connections, name)
    if (current === undefined || current.metadata.uid !== restore.metadata.uid)
      throw new ClientError(exitCodes.notFound, `Restore "${name}" was deleted`)
    if (current.metadata.annotations?.[retriedAnnotation] === token) return answerIn(current)
    if (pendingRetry(current) !== token)
      throw notRetried(name, 'is retried by somebody else, who asked at the same time')
    await sleep(lookMs)
  }
  return { do: 'asked' }
}

function notRetried(name: string, why: string): ClientError {
  return new ClientError(exitCodes.error, `Restore "${name}" ${why}`, { code: 'NOT_RETRIED' })
}

/** What a worker has answered to the last token. */
function answerIn(restore: Restore): RetryAnswer {
  const { name, annotations = {} } = restore.metadata
  const refused = annotations[retryRefusedAnnotation]
  if (refused !== undefined) throw notRetried(name, refused)
  return { do: 'begun', run: runOf(restore), restore }
}

/** A worker would refuse too, but this says it at once. A client that may not read Backups leaves it to the worker. */
async function requireBackup({ connection, namespace }: Connections, { metadata, spec }: Restore): Promise<void> {
  const name = spec.backupName ?? ''
  if (name === '') return
  const found = await connection.cluster
    .get({ ...veleroRef('backups'), namespace, name })
    .catch(() => 'unknown' as const)
  if (found !== undefined) return
  const problem = `Restore "${metadata.name}" cannot be retried: Backup.velero.io "${name}" not found`
  throw new ClientError(exitCodes.notFound, problem)
}

/**
 * The uid makes the API server refuse where a new Restore has the same name. A token that was refused may be asked for
 * again: the cause may be gone.
 */
async function annotate({ connection, namespace }: Connections, restore: Restore, token: string): Promise<void> {
  const { name, uid, annotations: before = {} } = restore.metadata
  const forgotten = before[retriedAnnotation] === token ? { [retriedAnnotation]: null } : {}
  await connection.cluster.patch(
    { ...veleroRef('restores'), namespace, name },
    { metadata: { uid, annotations: { [retryAnnotation]: token, ...forgotten } } },
    { fieldManager: 'drydock-client' },
  )
}
