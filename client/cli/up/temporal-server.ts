import { spawn } from 'node:child_process'
import { openSync, closeSync, readdirSync } from 'node:fs'
import { createServer } from 'node:net'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { isExecutable, placesOnPath } from '../../../infra/programs.ts'
import { ClientError, exitCodes } from '../../api/errors.ts'
import type { Running } from './supervise.ts'

type Env = Readonly<Record<string, string | undefined>>

/** Where a Temporal of one node keeps its data and listens. */
export interface TemporalServer {
  binary: string
  /** The folder of its database and its log. */
  data: string
  port: number
  uiPort: number
  /** Names of the search attributes of restores. */
  attributes: readonly string[]
}

/**
 * Finds Temporal's command line: `DRYDOCK_TEMPORAL_BIN`, `temporal` on PATH, or what `npm run demo` has fetched. Throws a
 * `ClientError` that says how to get it.
 */
export function findTemporal(env: Env): string {
  const named = env['DRYDOCK_TEMPORAL_BIN'] || undefined
  const found =
    named === undefined ? [...placesOnPath(['temporal'], env['PATH']), ...inCache(env)].find(isExecutable) : named
  if (found !== undefined && isExecutable(found)) return found
  throw new ClientError(
    exitCodes.usage,
    named === undefined
      ? "there is no program `temporal`: install Temporal's command line (brew install temporal, or https://docs.temporal.io/cli), or name it by DRYDOCK_TEMPORAL_BIN"
      : `DRYDOCK_TEMPORAL_BIN names ${named}, which cannot be run`,
  )
}

function inCache(env: Env): string[] {
  try {
    const cache = env['DRYDOCK_CACHE_DIR'] ?? join(env['HOME'] || homedir(), '.cache', 'drydock')
    const folders = readdirSync(cache).filter((name) => /^temporal-v[\d.]+$/.test(name))
    return folders
      .sort((one, other) => other.localeCompare(one, 'en', { numeric: true }))
      .map((name) => join(cache, name, 'temporal'))
  } catch {
    return []
  }
}

const readyMsMax = 60_000
const askMs = 100

/**
 * Starts the server and waits until it has the namespace and the search attributes. It has a process group of its own, so that
 * Ctrl-C on a terminal does not end it before the worker. Throws where it is not ready after a minute.
 */
export async function startTemporalServer(server: TemporalServer): Promise<Running> {
  const httpPort = await freePort()
  const log = openSync(join(server.data, 'temporal.log'), 'a', 0o600)
  const child = spawn(server.binary, argumentsOf(server, httpPort), { stdio: ['ignore', log, log], detached: true })
  closeSync(log)
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on('exit', resolve)
    child.on('error', reject)
  })
  let over = false
  void ended.then(
    () => (over = true),
    () => (over = true),
  )
  const deadline = performance.now() + readyMsMax
  while (!over && !(await isReady(httpPort, server.attributes))) {
    if (performance.now() > deadline) {
      child.kill('SIGKILL')
      throw new Error(`it is not ready after ${readyMsMax / 1000} s; its log is ${join(server.data, 'temporal.log')}`)
    }
    await new Promise((resolve) => setTimeout(resolve, askMs))
  }
  return { ended, stop: () => void child.kill('SIGTERM') }
}

function argumentsOf({ data, port, uiPort, attributes }: TemporalServer, httpPort: number): string[] {
  return [
    'server',
    'start-dev',
    '--ip=127.0.0.1',
    `--port=${port}`,
    `--ui-port=${uiPort}`,
    `--http-port=${httpPort}`,
    `--db-filename=${join(data, 'temporal.db')}`,
    '--log-level=warn',
    ...attributes.map((name) => `--search-attribute=${name}=Keyword`),
  ]
}

/** The namespace comes before its search attributes, and a worker that starts between them does without. */
async function isReady(httpPort: number, attributes: readonly string[]): Promise<boolean> {
  try {
    const url = `http://127.0.0.1:${httpPort}/api/v1/namespaces/default/search-attributes`
    const answer = await fetch(url, { signal: AbortSignal.timeout(2000) })
    const { customAttributes = {} } = (await answer.json()) as { customAttributes?: object }
    return answer.ok && attributes.every((name) => name in customAttributes)
  } catch {
    return false
  }
}

/** Throws a `ClientError` where somebody listens on the port already. */
export async function requireFree(port: number, option: string): Promise<void> {
  await listen(port).catch(() => {
    throw new ClientError(
      exitCodes.usage,
      `something listens on 127.0.0.1:${port} already, perhaps another \`drydock up\`: end it, or name another port by ${option}`,
    )
  })
}

const freePort = (): Promise<number> => listen(0)

function listen(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.on('error', reject)
    server.listen(port, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : port))
    })
  })
}
