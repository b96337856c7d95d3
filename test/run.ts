import { spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { constants } from 'node:os'
import { dirname, join } from 'node:path'
import { obtainTool, ToolUnavailable } from '../devstack/tools/obtain-tool.ts'
import type { ToolName } from '../devstack/tools/tools.ts'
import { sweepLeftovers } from './kit/run/sweep.ts'
import { beginRun, endRun, sweepRuns } from './kit/run/test-run.ts'

/**
 * `npm test`: finds, fetches or builds the servers that the wanted projects start, with a line for each, then runs vitest.
 * Arguments are vitest's: `npm test -- --project unit`, `npm test -- test/e2e/items/restore.test.ts`. With `--prepare` it ends when the
 * servers are there. The exit code is vitest's, or 3 where a server cannot be had.
 *
 * Vitest runs in a process group of its own. A signal ends the run within seconds: the group, and every server and worker that
 * a test has started, are killed. What a killed run has left is ended by the next one.
 */
async function main(argv: readonly string[]): Promise<number> {
  const stop = new AbortController()
  const asked = new Promise<NodeJS.Signals>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve(signal))
    whenParentIsGone(() => resolve('SIGHUP'))
  })
  const run = beginRun()
  const work = async (): Promise<number> => {
    await sweepRuns()
    await sweepLeftovers()
    for (const name of toolsFor(argv)) await obtainTool(name, { report: console.error, signal: stop.signal })
    return argv.includes('--prepare') ? 0 : runVitest(argv, run)
  }
  const working = work()
  working.catch(() => {})
  try {
    return await Promise.race([working, asked.then((signal) => 128 + constants.signals[signal])])
  } finally {
    stop.abort()
    await endRun(run.dir)
  }
}

/** What each stack has. */
const stack: readonly ToolName[] = ['temporal', 'versitygw', 'etcd', 'kube-apiserver']

/** The tools that the tests of a project start; they are there before the tests, so that no test waits for a build. */
const toolsOf: Readonly<Record<string, readonly ToolName[]>> = {
  unit: [],
  servers: [
    ...stack,
    'kube-controller-manager',
    'kube-scheduler',
    'kwok',
    'helm',
    'velero-demo-plugin',
    'velero-plugin-for-aws',
    'velero-plugin-for-gcp',
    'fake-gcs-server',
    'check-rules',
  ],
  e2e: [
    ...stack,
    'velero',
    'velero-plugin-for-aws',
    'velero-demo-plugin',
    'velero-plugin-for-gcp',
    'fake-gcs-server',
    'kube-controller-manager',
    'helm',
    'kubectl',
    'check-rules',
  ],
  image: [...stack, 'velero', 'helm', 'kubectl'],
  node: [
    ...stack,
    'kube-controller-manager',
    'kube-scheduler',
    'velero',
    'velero-plugin-for-aws',
    'velero-restore-helper',
    'kubelet',
  ],
}

/** The projects of `npm test`. */
const usual = ['unit', 'servers', 'e2e']

function toolsFor(argv: readonly string[]): Set<ToolName> {
  const projects = argv.flatMap((word, at) => {
    if (word.startsWith('--project=')) return [word.slice('--project='.length)]
    return argv[at - 1] === '--project' ? [word] : []
  })
  return new Set((projects.length === 0 ? usual : projects).flatMap((name) => toolsOf[name] ?? []))
}

async function runVitest(argv: readonly string[], run: ReturnType<typeof beginRun>): Promise<number> {
  const vitest = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs')
  const child = spawn(process.execPath, [vitest, 'run', ...argv], {
    stdio: 'inherit',
    detached: true,
    env: { ...process.env, ...run.env },
  })
  const ended = new Promise<number>((resolve) => child.on('exit', (code) => resolve(code ?? 1)))
  if (child.pid !== undefined) run.note(child.pid)
  return ended
}

/** npm that is killed tells nobody. */
function whenParentIsGone(tell: () => void): void {
  const parent = process.ppid
  setInterval(() => process.ppid !== parent && tell(), 1000).unref()
}

try {
  process.exit(await main(process.argv.slice(2)))
} catch (error) {
  if (!(error instanceof ToolUnavailable)) throw error
  console.error(error.message)
  process.exit(3)
}
