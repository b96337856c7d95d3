import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { createWriteStream, existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:https'
import { createServer } from 'node:net'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'

export interface ApiServer {
  kubeconfig: string
  port: number
  directory: string
  token: string
  auditLog: string
  etcdPid: number
  apiServerPid: number
  /** Kills the API server and starts it again on its port. */
  restart(downMs?: number): Promise<void>
  stop(): Promise<void>
}

const binaries = process.env['DRYDOCK_BIN'] ?? join(homedir(), '.cache/drydock/bin')

/** Whether the real servers are there; tests that need them are skipped elsewhere. */
export const haveApiServer = existsSync(join(binaries, 'etcd')) && existsSync(join(binaries, 'kube-apiserver'))

/** Starts a real etcd and kube-apiserver in a temporary directory. */
export async function startApiServer(): Promise<ApiServer> {
  const directory = await mkdtemp(join(tmpdir(), 'drydock-api-'))
  const [clientPort, peerPort, port] = [await freePort(), await freePort(), await freePort()]
  const token = 'drydock-test-token'
  await writeFile(join(directory, 'tokens.csv'), `${token},admin,admin,system:masters\nother-token,guest,guest\n`)
  await writeFile(join(directory, 'audit.yaml'), auditPolicy)
  execFileSync('openssl', ['genrsa', '-out', join(directory, 'sa.key'), '2048'], { stdio: 'ignore' })
  const etcd = run(directory, 'etcd', [
    `--data-dir=${join(directory, 'etcd')}`,
    `--listen-client-urls=http://127.0.0.1:${clientPort}`,
    `--advertise-client-urls=http://127.0.0.1:${clientPort}`,
    `--listen-peer-urls=http://127.0.0.1:${peerPort}`,
    '--unsafe-no-fsync',
    '--log-level=error',
  ])
  const auditLog = join(directory, 'audit.log')
  const flags = [
    `--etcd-servers=http://127.0.0.1:${clientPort}`,
    '--bind-address=127.0.0.1',
    `--secure-port=${port}`,
    `--cert-dir=${join(directory, 'certs')}`,
    `--token-auth-file=${join(directory, 'tokens.csv')}`,
    '--authorization-mode=RBAC',
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-key-file=${join(directory, 'sa.key')}`,
    `--service-account-signing-key-file=${join(directory, 'sa.key')}`,
    '--service-cluster-ip-range=10.0.0.0/16',
    '--disable-admission-plugins=ServiceAccount',
    `--audit-policy-file=${join(directory, 'audit.yaml')}`,
    `--audit-log-path=${auditLog}`,
  ]
  let server = run(directory, 'kube-apiserver', flags)
  await untilReady(port, token, server)
  const kubeconfig = join(directory, 'kubeconfig')
  await writeFile(kubeconfig, kubeconfigOf(port, token))
  return {
    kubeconfig,
    port,
    directory,
    token,
    auditLog,
    etcdPid: etcd.pid!,
    get apiServerPid() {
      return server.pid!
    },
    async restart(downMs = 0) {
      await end(server)
      await new Promise((resolve) => setTimeout(resolve, downMs))
      server = run(directory, 'kube-apiserver', flags)
      await untilReady(port, token, server)
    },
    async stop() {
      await end(server)
      await end(etcd)
      await rm(directory, { recursive: true, force: true })
    },
  }
}

export function kubeconfigOf(port: number, token: string): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'c', cluster: { server: `https://127.0.0.1:${port}`, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'u', user: { token } }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'x',
  })
}

const auditPolicy = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: Metadata
  verbs: [create, update, patch, delete]
  resources: [{group: "", resources: [configmaps]}]
- level: None
`

function run(directory: string, name: string, flags: string[]): ChildProcess {
  const child = spawn(join(binaries, name), flags, { cwd: directory, stdio: ['ignore', 'pipe', 'pipe'] })
  const log = createWriteStream(join(directory, `${name}.log`), { flags: 'a' })
  child.stdout.pipe(log)
  child.stderr.pipe(log)
  process.once('exit', () => child.kill('SIGKILL'))
  return child
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGKILL')
  await ended
}

async function untilReady(port: number, token: string, server: ChildProcess): Promise<void> {
  const deadline = Date.now() + 120_000
  while (Date.now() < deadline) {
    if (server.exitCode !== null) throw new Error(`kube-apiserver ended with ${server.exitCode}`)
    if (
      (await status(port, token, '/readyz')) === 200 &&
      (await status(port, token, '/api/v1/namespaces/kube-system')) === 200
    )
      return
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
  throw new Error('kube-apiserver did not become ready')
}

function status(port: number, token: string, path: string): Promise<number> {
  return new Promise((resolve) => {
    const options = {
      host: '127.0.0.1',
      port,
      path,
      rejectUnauthorized: false,
      headers: { authorization: `Bearer ${token}` },
    }
    request(options, (answer) => {
      answer.resume()
      resolve(answer.statusCode ?? 0)
    })
      .on('error', () => resolve(0))
      .end()
  })
}

export async function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
}
