import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { whenFileIsOver } from './run/clean-up.ts'
import { keepEvidence } from './secrets/evidence.ts'
import { waitUntil } from './wait-until.ts'
import type { TestCluster } from './stack.ts'

/** A worker process under test. */
export interface TestWorker {
  pid: number
  /** Everything it has printed. */
  log(): string
  kill(signal: NodeJS.Signals): void
  /** Resolves when it has ended, with its exit code, or null where a signal ended it. */
  ended: Promise<number | null>
  /** Ends it by SIGTERM; resolves with its exit code, or null where a signal ended it. */
  stop(): Promise<number | null>
}

const main = fileURLToPath(new URL('../../worker/main.ts', import.meta.url))

/** Starts a worker for a cluster and waits until it is ready. It is killed after the tests of the file at the latest. */
export async function startWorker(cluster: TestCluster, env: Record<string, string> = {}): Promise<TestWorker> {
  const archives = mkdtempSync(join(tmpdir(), 'drydock-archives-'))
  const child = spawn(process.execPath, [main], {
    env: { ...process.env, ...workerEnv(cluster), DRYDOCK_ARCHIVE_DIR: archives, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let text = ''
  // On its exit the last lines of its log may still be on their way.
  const ended = new Promise<number | null>((resolve) => child.on('close', (code) => resolve(code)))
  let over = false
  void ended.then(() => {
    over = true
    keepEvidence('worker-log', text)
  })
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (piece: Buffer) => (text += piece.toString()))
  whenFileIsOver(async () => {
    if (!over) await keepMetrics(text)
    if (!over) child.kill('SIGKILL')
    await ended
    rmSync(archives, { recursive: true, force: true })
  })
  await waitUntil(
    () => over || (text.includes('worker is ready') && text.includes('watching Restores')),
    120_000,
    'the worker to be ready',
  ).catch((error: unknown) => {
    // Whoever starts another one in its place has no use for it.
    child.kill('SIGKILL')
    throw error
  })
  if (over) throw new Error(`the worker did not start:\n${text}`)
  return {
    pid: child.pid ?? 0,
    log: () => text,
    ended,
    kill: (signal) => void child.kill(signal),
    stop: () => {
      child.kill('SIGTERM')
      return ended
    },
  }
}

/** A worker that is frozen, or not ready, does not answer. */
async function keepMetrics(log: string): Promise<void> {
  await fetch(`${httpAddress({ log: () => log })}/metrics`, { signal: AbortSignal.timeout(2000) })
    .then(async (answer) => keepEvidence('metrics', await answer.text()))
    .catch(() => undefined)
}

/** Where a worker serves health and metrics: it logs the address, since it is started with any free port. */
export function httpAddress(worker: Pick<TestWorker, 'log'>): string {
  const line = worker
    .log()
    .split('\n')
    .find((one) => one.includes('health and metrics are served'))
  return `http://${(JSON.parse(line ?? '{}') as { address: string }).address}`
}

/** What a worker answers there. */
export async function askWorker(worker: TestWorker, path: string): Promise<{ status: number; text: string }> {
  const answer = await fetch(`${httpAddress(worker)}${path}`)
  return { status: answer.status, text: await answer.text() }
}

/** The environment by which a worker or client finds cluster and Temporal. */
export function workerEnv(cluster: TestCluster): Record<string, string> {
  return {
    TEMPORAL_ADDRESS: cluster.temporal.address,
    TEMPORAL_NAMESPACE: 'default',
    KUBECONFIG: cluster.kubeconfig,
    VELERO_NAMESPACE: cluster.veleroNamespace,
    DRYDOCK_LOG_FORMAT: 'json',
    DRYDOCK_HTTP_ADDRESS: '127.0.0.1:0',
  }
}
