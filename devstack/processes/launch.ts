import { spawn, type ChildProcess } from 'node:child_process'
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { endProcess } from './end-process.ts'
import { PortTaken } from './free-ports.ts'
import type { Home } from '../home.ts'
import { isRunning, markProcess } from './process-mark.ts'

/** One server to start. */
export interface Service {
  name: string
  binary: string
  args: readonly string[]
  env?: Record<string, string>
  /** Where it answers, for `status`. */
  address: string
  /** Called until it returns true; a throw means false. */
  ready: () => Promise<boolean>
  readySecondsMax?: number
}

/** A server answers after seconds; a machine with much other work takes many times as long. One that ends is known at once. */
const readySecondsMax = 180

/**
 * Starts a server and waits until it answers. It leads its own process group and outlives us (`up` ends, the stack
 * stays); its pid is on disk before we wait for it, so a kill at any time leaves something to clean up by. Throws `PortTaken`
 * where the server ended since another process has its port.
 */
export async function launch(home: Home, service: Service): Promise<void> {
  home.signal.throwIfAborted()
  const { child, logStart } = start(home, service)
  const deadline = Date.now() + (service.readySecondsMax ?? readySecondsMax) * 1000
  while (!(await answers(service))) {
    if (home.signal.aborted) await endOf(home, service)
    home.signal.throwIfAborted()
    if (hasEnded(child)) throw endedError(home, service, logStart)
    if (Date.now() > deadline) throw new Error(`${service.name} does not answer\n${logTail(home, service.name)}`)
    await sleep(25)
  }
}

/** `logStart` is where in the log this start begins: a server that is started again adds to it. */
function start(home: Home, service: Service): { child: ChildProcess; logStart: number } {
  const former = home.state.services[service.name]
  if (former !== undefined && isRunning(former)) throw new Error(`${service.name} runs in ${home.dir} already`)
  const log = openSync(join(home.folder('logs'), `${service.name}.log`), 'a', 0o600)
  try {
    const logStart = fstatSync(log).size
    const env = { ...process.env, ...service.env }
    const child = spawn(service.binary, service.args, {
      detached: true,
      stdio: ['ignore', log, log],
      env,
      cwd: home.dir,
    })
    child.on('error', () => {})
    child.unref()
    const mark = child.pid === undefined ? undefined : markProcess(child.pid)
    if (mark === undefined) throw new Error(`${service.name} cannot be started from ${service.binary}`)
    home.state.services[service.name] = { ...mark, address: service.address }
    home.save()
    return { child, logStart }
  } finally {
    closeSync(log)
  }
}

async function answers(service: Service): Promise<boolean> {
  try {
    return await service.ready()
  } catch {
    return false
  }
}

function endedError(home: Home, { name }: Service, logStart: number): Error {
  const said = readFileSync(logPath(home, name)).subarray(logStart).toString()
  const message = `${name} ended while it started\n${logTail(home, name)}`
  return /address already in use/i.test(said) ? new PortTaken(message) : new Error(message)
}

async function endOf(home: Home, service: Service): Promise<void> {
  const mark = home.state.services[service.name]
  if (mark !== undefined) await endProcess(mark)
}

const hasEnded = (child: ChildProcess): boolean => child.exitCode !== null || child.signalCode !== null

function logTail(home: Home, name: string): string {
  const path = logPath(home, name)
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n')
  return [`the last lines of ${path}:`, ...lines.slice(-10)].join('\n')
}

const logPath = (home: Home, name: string): string => join(home.dir, 'logs', `${name}.log`)
