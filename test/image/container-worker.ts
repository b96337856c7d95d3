import { execFileSync, spawn } from 'node:child_process'
import { chmodSync, copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { whenFileIsOver } from '../kit/run/clean-up.ts'
import type { TestCluster } from '../kit/stack.ts'
import { waitUntil } from '../kit/wait-until.ts'
import { workerEnv } from '../kit/worker.ts'
import { engineOptions, image } from './images.ts'

/** A worker in a container. */
export interface ContainerWorker {
  name: string
  /** Everything it has printed. */
  log(): string
  /** Asks it to end, as Kubernetes does: SIGTERM to process 1. Resolves with the exit code. */
  stop(): Promise<number | null>
}

/** A user that no image knows, in the group of root, as OpenShift draws one. */
export const anyUser = '1000650000:0'

/** As OpenShift's policy restricted-v2 wants it, and nothing of the image can be written. */
const locked = [
  '--read-only',
  '--read-only-tmpfs=false',
  '--cap-drop=ALL',
  '--security-opt=no-new-privileges',
  '--no-healthcheck',
]

let started = 0

/** Starts the image on the network of this machine and waits until its worker is ready. It is removed after the tests of the file. */
export function startContainer(cluster: TestCluster, env: Record<string, string> = {}): Promise<ContainerWorker> {
  const dir = mkdtempSync(join(tmpdir(), 'drydock-container-'))
  const kubeconfig = join(dir, 'kubeconfig')
  copyFileSync(cluster.kubeconfig, kubeconfig)
  chmodSync(kubeconfig, 0o644)
  chmodSync(dir, 0o755)
  whenFileIsOver(() => rmSync(dir, { recursive: true, force: true }))
  const mounts = ['--tmpfs', '/tmp:rw,size=64m,mode=1777', '--volume', `${kubeconfig}:/kubeconfig:ro`]
  return runContainer(mounts, { ...workerEnv(cluster), KUBECONFIG: '/kubeconfig', ...env })
}

/** The same with these mounts and this environment alone. */
export async function runContainer(mounts: readonly string[], env: Record<string, string>): Promise<ContainerWorker> {
  const name = `drydock-test-${process.pid}-${++started}`
  const settings = Object.entries(env).flatMap(([key, value]) => ['--env', `${key}=${value}`])
  const options = ['--name', name, '--network', 'host', '--user', anyUser, ...locked, ...mounts, ...settings]
  const child = spawn('podman', ['run', '--rm', ...engineOptions, ...options, image], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let text = ''
  let over = false
  const ended = new Promise<number | null>((resolve) => child.on('close', (code) => resolve(code)))
  void ended.then(() => (over = true))
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (piece: Buffer) => (text += piece.toString()))
  whenFileIsOver(async () => {
    execFileSync('podman', ['rm', '--force', '--ignore', '--time', '0', name], { stdio: 'ignore' })
    await ended
  })
  const isReady = () => text.includes('worker is ready') && text.includes('watching Restores')
  await waitUntil(() => over || isReady(), 120_000, 'the worker to be ready')
  if (over) throw new Error(`the worker did not start:\n${text}`)
  return {
    name,
    log: () => text,
    stop: () => {
      execFileSync('podman', ['kill', '--signal', 'TERM', name], { stdio: 'ignore' })
      return ended
    },
  }
}
