import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { keepEvidence } from './secrets/evidence.ts'
import type { TestCluster } from './stack.ts'
import { workerEnv } from './worker.ts'

/** How a command ended. */
export interface ClientRun {
  code: number | null
  out: string
  err: string
}

/** A command that runs. */
export interface TestClient {
  out(): string
  err(): string
  kill(signal: NodeJS.Signals): void
  ended: Promise<number | null>
  all(): Promise<ClientRun>
  /** On a terminal: what stood there, line by line, without the sequences that move the cursor. */
  terminal(): Promise<{ code: number | null; lines: string[] }>
}

const bin = fileURLToPath(new URL('../../client/cli/bin.cjs', import.meta.url))

/** Runs `drydock` to its end, its output on pipes. */
export function runClient(
  cluster: TestCluster,
  argv: readonly string[],
  env: Record<string, string> = {},
): Promise<ClientRun> {
  return startClient(cluster, argv, { env }).all()
}

/** Runs another program of the repository against the cluster, to its end. */
export function runProgram(cluster: TestCluster, path: string, argv: readonly string[]): Promise<ClientRun> {
  return startProgram(cluster, path, argv).all()
}

/** Starts another program of the repository against the cluster. */
export function startProgram(cluster: TestCluster, path: string, argv: readonly string[]): TestClient {
  return startProcess(
    [
      process.execPath,
      ['--conditions=drydock-source', fileURLToPath(new URL(`../../${path}`, import.meta.url)), ...argv],
    ],
    {
      env: { ...process.env, ...workerEnv(cluster) },
    },
  )
}

/** Starts `drydock`: on pipes, on a terminal of so many columns, or with nobody to read its output. */
export function startClient(
  cluster: TestCluster,
  argv: readonly string[],
  options: { env?: Record<string, string>; columns?: number; closeOutput?: boolean } = {},
): TestClient {
  return startProcess(options.columns === undefined ? plain(argv) : onTerminal(argv, options.columns), {
    env: { ...process.env, ...workerEnv(cluster), ...options.env },
    closeOutput: options.closeOutput === true,
  })
}

function startProcess(
  [file, args]: [string, string[]],
  options: { env: NodeJS.ProcessEnv; closeOutput?: boolean },
): TestClient {
  const child = spawn(file, args, { env: options.env, stdio: [file === 'script' ? 'pipe' : 'ignore', 'pipe', 'pipe'] })
  const text = { out: '', err: '' }
  if (options.closeOutput === true) child.stdout?.destroy()
  else child.stdout?.on('data', (piece: Buffer) => (text.out += piece.toString()))
  child.stderr?.on('data', (piece: Buffer) => (text.err += piece.toString()))
  const ended = new Promise<number | null>((resolve) =>
    child.on('close', (code) => {
      keepEvidence('command', text.out + text.err)
      resolve(code)
    }),
  )
  return {
    out: () => text.out,
    err: () => text.err,
    kill: (signal) => void child.kill(signal),
    ended,
    all: async () => ({ code: await ended, ...text }),
    terminal: async () => ({ code: await ended, lines: linesOf(text.out) }),
  }
}

function plain(argv: readonly string[]): [string, string[]] {
  return [process.execPath, [bin, ...argv]]
}

/** `script` gives a pseudo-terminal; `-e` passes the exit code on. */
function onTerminal(argv: readonly string[], columns: number): [string, string[]] {
  const command = [process.execPath, bin, ...argv].map((word) => `'${word}'`).join(' ')
  return ['script', ['-qefc', `stty cols ${columns} rows 24; exec ${command}`, '/dev/null']]
}

// oxlint-disable-next-line no-control-regex -- terminals are told what to do by control characters
const cursorMoves = /\u001b\[[0-9;?]*[A-Za-z]/g

// oxlint-disable-next-line no-control-regex -- terminals are told what to do by control characters
const lineEnds = /[\r\n]+|\u001b\[\d*[ABCDGJK]/

function linesOf(text: string): string[] {
  return text
    .split(lineEnds)
    .map((line) => line.replaceAll(cursorMoves, ''))
    .filter((line) => line.trim() !== '')
}
