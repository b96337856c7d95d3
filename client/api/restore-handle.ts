import type { RestoreOutcome } from '../../contract/restore-outcome.ts'
import { workflowIdOf } from '../../contract/restore-workflow.ts'
import { restoreResultsKey } from '../../velero/object-keys.ts'
import type { Restore } from '../../velero/restore.ts'
import { openConnections } from './connections.ts'
import type { Connections } from './connections.ts'
import { parseResults } from './describe-restore.ts'
import { ClientError, exitCodes } from './errors.ts'
import { followRestore, outcomeOf } from './follow-restore.ts'
import type { ConnectionOptions, LogLine, ReadOptions, RestoreHandle, RestoreState, SignalOptions } from './options.ts'
import { readResultFile } from './read-result-file.ts'
import { retryRestore } from './retry-restore.ts'
import { statesOf, withConnections } from './session.ts'
import { cancelRestore, pauseRestore, resumeRestore } from './signal-restore.ts'
import { isOver, refOf, requireRestore } from './velero-objects.ts'

/** Makes the handle of a Restore. Each of its calls opens connections of its own, by these options. */
export function handleOf(options: ConnectionOptions, connections: Connections, restore: Restore): RestoreHandle {
  const ref = refOf(connections, restore)
  const { name, uid } = ref
  const connect = <T>({ signal }: SignalOptions, use: (opened: Connections) => Promise<T>) =>
    withConnections({ ...options, signal }, openConnections, use)
  const ask = <T>(when: SignalOptions, use: (opened: Connections, current: Restore) => Promise<T>) =>
    connect(when, async (opened) => use(opened, await requireSame(opened, ref)))
  const read = (kind: 'RestoreResults' | 'RestoreLog', { signal, ...reading }: SignalOptions & ReadOptions) =>
    ask({ signal }, async (opened, current) => {
      const text = await readResultFile(opened, current, kind, reading)
      if (text === undefined) throw notWritten(current)
      return text
    })
  const follow = (onState: (state: RestoreState) => void, signal?: AbortSignal) =>
    connect({ signal }, (opened) => awaitOutcome(opened, restore, { onState, signal }))
  return {
    name,
    uid,
    workflowId: workflowIdOf(ref),
    manifest: restore,
    result: ({ onState = () => {}, signal } = {}) => follow(onState, signal),
    watch: ({ signal } = {}) => statesOf(follow, signal),
    cancel: (reason, when = {}) => ask(when, (opened, current) => cancelRestore(opened, current, reason)),
    pause: (reason, when = {}) => ask(when, (opened, current) => pauseRestore(opened, current, reason)),
    resume: (when = {}) => ask(when, resumeRestore),
    retry: (token, when = {}) =>
      ask(when, async (opened, current) => {
        const answer = await retryRestore(opened, current, { token })
        if (answer.do === 'begun') return { run: answer.run }
        const problem = `Restore "${name}" is asked to be retried, but no worker has answered yet`
        throw new ClientError(exitCodes.error, problem, { code: 'NO_ANSWER' })
      }),
    results: async (reading = {}) => parseResults(await read('RestoreResults', reading), restoreResultsKey(name)),
    log: async (reading = {}) => parseLog(await read('RestoreLog', reading)),
  }
}

/** The Restore as it stands. */
async function requireSame(connections: Connections, { name, uid }: { name: string; uid: string }): Promise<Restore> {
  const current = await requireRestore(connections, name)
  if (current.metadata.uid === uid) return current
  throw new ClientError(exitCodes.notFound, `Restore "${name}" was deleted, and another one has its name`)
}

async function awaitOutcome(
  connections: Connections,
  restore: Restore,
  { onState, signal }: { onState: (state: RestoreState) => void; signal: AbortSignal | undefined },
): Promise<RestoreOutcome> {
  const ended = await followRestore(connections, restore, { onState, ...(signal === undefined ? {} : { signal }) })
  const { phase, items, warnings, errors, reason, validationErrors } = outcomeOf(restore, ended)
  const why = reason ?? validationErrors?.join('; ')
  return { phase, items, warnings, errors, ...(why === undefined ? {} : { reason: why }) }
}

/** The error about a file of a restore that is not there. */
export function notWritten(restore: Restore): ClientError {
  const { metadata, status = {} } = restore
  const problem = isOver(restore)
    ? `restore "${metadata.name}", which ended ${status.phase ?? ''}, has no such file`
    : `the files of restore "${metadata.name}" are written when its items are restored; it is ${status.phase || 'New'} now`
  return new ClientError(exitCodes.error, problem, { code: 'NOT_WRITTEN' })
}

/** The lines of a log in the format of Velero's text log (logrus): `time="…" level=info msg="…" key=value`. */
export function parseLog(text: string): LogLine[] {
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map(parseLine)
}

function parseLine(line: string): LogLine {
  // A key may hold spaces: "original name".
  const pairs = [...line.matchAll(/(?:^|\s)([^="]+)=("(?:[^"\\]|\\.)*"|\S*)/g)]
  const values = new Map(pairs.map(([, key = '', value = '']) => [key.trim(), unquote(value)]))
  const { time = '', level = '', msg, ...fields } = Object.fromEntries(values)
  return { time, level, message: msg ?? line, fields }
}

/** A text of Go with its escapes, or a bare word. */
function unquote(value: string): string {
  if (!value.startsWith('"')) return value
  return value.slice(1, -1).replace(/\\(?:x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8}|.)/gi, (escape) => {
    const kind = escape.charAt(1)
    if (escape.length === 2) return named[kind] ?? kind
    return String.fromCodePoint(Number.parseInt(escape.slice(2), 16))
  })
}

const named: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', a: '\u0007', b: '\b', v: '\v', f: '\f' }
