import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { endProcess } from '../../../devstack/processes/end-process.ts'
import { sweepNodes } from '../../../devstack/node/node-place.ts'
import { isRunning, markProcess, type ProcessMark } from '../../../devstack/processes/process-mark.ts'
import { endMarkedProcesses } from './marked-processes.ts'

/**
 * One `npm test`: a folder that takes all its temporary files, and whose name stands in the environment of all its processes.
 * So whoever ends a run, or comes after one that was killed, finds everything that it left.
 */
export interface TestRun {
  dir: string
  /** What each process of the run has in its environment. */
  env: Record<string, string>
  /** Notes the process group in which the tests run. */
  note(group: number): void
}

interface Note {
  runner: ProcessMark | undefined
  group?: ProcessMark | undefined
}

const prefix = 'drydock-test-'
const variable = 'DRYDOCK_TEST_RUN'
const notePath = (dir: string): string => join(dir, 'run.json')

/** Begins a run of this process. */
export function beginRun(): TestRun {
  const dir = mkdtempSync(join(tmpdir(), prefix))
  const runner = markProcess(process.pid)
  const write = (note: Note): void => writeFileSync(notePath(dir), JSON.stringify(note))
  write({ runner })
  // A run within a run, as a test of this has, belongs to both.
  const runs = [process.env[variable], dir].filter((run) => run !== undefined)
  return {
    dir,
    env: { ...cheaper(dir), [variable]: runs.join(':'), TMPDIR: dir },
    note: (group) => write({ runner, group: markProcess(group) }),
  }
}

/**
 * What makes hundreds of starts cheaper: Node keeps the code it has compiled, and servers in Go, which live for seconds, collect no
 * garbage before they are large.
 */
function cheaper(dir: string): Record<string, string> {
  return { NODE_COMPILE_CACHE: join(dir, 'compile-cache'), GOGC: 'off', GOMEMLIMIT: '512MiB' }
}

/** Ends all processes of a run at once and removes its folder. */
export async function endRun(dir: string): Promise<void> {
  const group = readNote(dir)?.group
  if (group !== undefined) await endProcess(group)
  await endMarkedProcesses(dir)
  await rm(dir, { recursive: true, force: true, maxRetries: 3 })
  await sweepNodes()
}

/** Ends what is left of runs that were killed and could not do so themselves. */
export async function sweepRuns(): Promise<void> {
  for (const name of readdirSync(tmpdir()).filter((entry) => entry.startsWith(prefix))) {
    const dir = join(tmpdir(), name)
    const runner = readNote(dir)?.runner
    if (runner !== undefined && !isRunning(runner)) await endRun(dir)
  }
}

/** Undefined where the folder holds no run, or one that begins in this moment. */
function readNote(dir: string): Note | undefined {
  try {
    return JSON.parse(readFileSync(notePath(dir), 'utf8')) as Note
  } catch {
    return undefined
  }
}
