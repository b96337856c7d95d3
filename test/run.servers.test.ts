import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { endMarkedProcesses, markedProcesses } from './kit/run/marked-processes.ts'
import { waitUntil } from './kit/wait-until.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
let dir: string
let mark: string

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'drydock-runs-'))
  mark = `DRYDOCK_TEST_MARK=${dir}`
  mkdirSync(join(dir, 'tmp'))
})

afterEach(() => endMarkedProcesses(mark))

/** `npm run <script>` as a shell would start it; each of its processes can be found by the mark. */
function npmRun(...words: string[]): { child: ChildProcess; ended: Promise<void>; output: () => string } {
  const own = Object.entries(process.env).filter(([name]) => !/^(VITEST|NODE_|npm_)/.test(name))
  const child = spawn('npm', ['run', ...words], {
    cwd: root,
    env: { ...Object.fromEntries(own), DRYDOCK_TEST_MARK: dir, TMPDIR: join(dir, 'tmp') },
  })
  let text = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (piece: Buffer) => (text += piece.toString()))
  const ended = new Promise<void>((resolve) => child.on('exit', () => resolve()))
  return { child, ended, output: () => text }
}

/** The stack, a cluster of the file's own and a worker. */
const aRestore = ['test:e2e', '--', 'test/e2e/items/restore.test.ts']
/** An API server and processes that write into it. */
const aCluster = ['test:servers', '--', 'test/infra/presence/presence.servers.test.ts']

/** The pids of the run's processes whose command line holds this. */
function running(command: string): number[] {
  return markedProcesses(mark).filter((pid) => {
    try {
      return execFileSync('ps', ['-ww', '-o', 'command=', '-p', String(pid)], { encoding: 'utf8' }).includes(command)
    } catch {
      return false
    }
  })
}

async function untilRuns(command: string, output: () => string): Promise<void> {
  await waitUntil(() => running(command).length > 0, 180_000, command).catch((error: unknown) => {
    throw new Error(`${String(error)}\n${output()}`)
  })
}

const left = () => ({ processes: markedProcesses(mark).length, files: readdirSync(join(dir, 'tmp')).filter(isOurs) })

/** npm keeps a cache of its own there. */
const isOurs = (file: string): boolean => file.startsWith('drydock-')

describe('npm test that is interrupted', () => {
  it.each([
    ['SIGTERM', aRestore, 'worker/main.ts'],
    ['SIGINT', aCluster, 'kube-apiserver'],
  ] as const)('by %s ends and leaves neither a process nor a file', async (signal, words, command) => {
    const { child, ended, output } = npmRun(...words)
    await untilRuns(command, output)
    child.kill(signal)
    await ended
    await waitUntil(() => markedProcesses(mark).length === 0, 60_000, 'its processes to end')
    expect(left()).toEqual({ processes: 0, files: [] })
  })

  it('by SIGKILL leaves what the next run ends', async () => {
    const { child, ended, output } = npmRun(...aCluster)
    await untilRuns('kube-apiserver', output)
    for (const pid of [child.pid!, ...running('test/run.ts')]) process.kill(pid, 'SIGKILL')
    await ended
    expect(running('kube-apiserver')).toHaveLength(1)
    const next = npmRun('test:unit', '--', 'go-duration')
    await next.ended
    expect(next.output()).toContain('passed')
    expect(left()).toEqual({ processes: 0, files: [] })
  })
})
