import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleepFor } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { searchAttributeNames } from '../../../contract/search-attributes.ts'
import { ClientError, exitCodes } from '../../api/errors.ts'
import type { ExitCode } from '../../api/errors.ts'
import type { Io } from '../command.ts'
import { supervise } from './supervise.ts'
import type { Running, Surroundings } from './supervise.ts'
import { findTemporal, requireFree, startTemporalServer } from './temporal-server.ts'

/** What a user may choose of it. */
export interface UpOptions {
  data?: string
  port: number
  uiPort: number
}

/** A worker that has wrong settings ends with it, and would do so again. */
const wrongSettings = 2

/**
 * Runs a Temporal of one node with a database file, and a worker beside it, until SIGINT or SIGTERM. Either is started again when
 * it ends by itself. The worker ends first, then Temporal. Returns 0, or
 * another code where one of them was given up; throws a
 * `ClientError` where nothing can be started.
 */
export async function runUp(io: Io, options: UpOptions): Promise<ExitCode> {
  for (const name of ['TEMPORAL_ADDRESS', 'TEMPORAL_PROFILE'])
    if (io.env[name])
      throw new ClientError(
        exitCodes.usage,
        `${name} is set, so there is a Temporal already: run \`drydock worker\` beside it, or unset ${name}`,
      )
  const binary = findTemporal(io.env)
  await requireFree(options.port, '--port')
  await requireFree(options.uiPort, '--ui-port')
  const data =
    options.data ?? join(io.env['XDG_DATA_HOME'] || join(io.env['HOME'] || homedir(), '.local', 'share'), 'drydock')
  mkdirSync(data, { recursive: true, mode: 0o700 })
  rmSync(join(data, 'temporal.log'), { force: true })
  const server = { binary, data, port: options.port, uiPort: options.uiPort, attributes: searchAttributeNames }
  const tell = (line: string) => void io.err.write(`drydock up: ${line}\n`)
  tell(
    'for trials and for one user: one Temporal of one node, without a login or a copy of its data (docs/temporal.md)',
  )
  tell(
    `Temporal at 127.0.0.1:${server.port}, its Web UI at http://127.0.0.1:${server.uiPort}, its database ${join(data, 'temporal.db')}`,
  )
  return keepBoth(server, { env: io.env, tell })
}

async function keepBoth(
  server: Parameters<typeof startTemporalServer>[0],
  { env, tell }: { env: Io['env']; tell: (line: string) => void },
): Promise<ExitCode> {
  const worker = new AbortController()
  const temporal = new AbortController()
  const around = (signal: AbortSignal): Surroundings => ({ now: () => performance.now(), sleep, tell, signal })
  let isAsked = false
  const asked = () => {
    isAsked = true
    if (!worker.signal.aborted)
      tell('the worker ends its activities, then Temporal ends; a second signal ends both at once')
    else temporal.abort()
    worker.abort()
  }
  for (const signal of signals) process.on(signal, asked)
  try {
    const first = await startTemporalServer(server)
    let next: Running | undefined = first
    const start = async () => {
      const running = next ?? (await startTemporalServer(server))
      next = undefined
      return running
    }
    const keepingTemporal = supervise(
      { name: `Temporal (log ${join(server.data, 'temporal.log')})`, start },
      around(temporal.signal),
    )
    const workerStart = async () => startWorker({ ...env, ...addressOf(server.port) }, temporal.signal)
    const keepingWorker = supervise(
      { name: 'the worker', start: workerStart, final: [wrongSettings] },
      around(worker.signal),
    )
    // A Temporal that is given up ends the worker.
    void keepingTemporal.then(() => worker.abort())
    const code = await keepingWorker
    temporal.abort()
    await keepingTemporal
    return isAsked ? exitCodes.ok : code === wrongSettings ? exitCodes.usage : exitCodes.error
  } finally {
    for (const signal of signals) process.off(signal, asked)
  }
}

const signals = ['SIGINT', 'SIGTERM'] as const

const addressOf = (port: number): Record<string, string> => ({
  TEMPORAL_ADDRESS: `127.0.0.1:${port}`,
  TEMPORAL_NAMESPACE: 'default',
  TEMPORAL_TLS: 'false',
})

/** In the package the command line is one file of `dist`. */
const bin = ['../bin.cjs', '../client/cli/bin.cjs']
  .map((path) => fileURLToPath(new URL(path, import.meta.url)))
  .find(existsSync)

/** With a process group of its own, as Temporal's: a terminal sends Ctrl-C to a whole group. */
function startWorker(env: Io['env'], atOnce: AbortSignal): Running {
  const child = spawn(process.execPath, [bin ?? 'drydock', 'worker'], {
    stdio: ['ignore', 'inherit', 'inherit'],
    detached: true,
    env,
  })
  const kill = () => void child.kill('SIGKILL')
  atOnce.addEventListener('abort', kill, { once: true })
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on('exit', resolve)
    child.on('error', reject)
  }).finally(() => atOnce.removeEventListener('abort', kill))
  return { ended, stop: () => void child.kill('SIGTERM') }
}

async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  await sleepFor(ms, undefined, { signal }).catch(() => undefined)
}
