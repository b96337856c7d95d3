import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Client, Connection } from '@temporalio/client'
import { expect, it } from 'vitest'
import { stringify } from 'yaml'
import { freePorts } from '../../../../devstack/processes/free-ports.ts'
import { obtainTool } from '../../../../devstack/tools/obtain-tool.ts'
import { whenFileIsOver } from '../../../kit/run/clean-up.ts'
import { waitUntil } from '../../../kit/wait-until.ts'

const bin = fileURLToPath(new URL('../../../../client/cli/bin.cjs', import.meta.url))

/** A kubeconfig of a cluster that does not answer, for which a worker waits. */
function awayCluster(dir: string): string {
  const file = join(dir, 'kubeconfig')
  const named = { name: 'away', cluster: { server: 'https://127.0.0.1:1' }, context: { cluster: 'away', user: 'away' } }
  const config = {
    clusters: [named],
    contexts: [named],
    users: [{ name: 'away', user: {} }],
    'current-context': 'away',
  }
  writeFileSync(file, stringify(config))
  return file
}

/** The processes that a process has started. */
function childrenOf(pid: number): number[] {
  const text = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' })
  const rows = text
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number))
  return rows.flatMap(([child = 0, parent]) => (parent === pid ? [child, ...childrenOf(child)] : []))
}

const commandOf = (pid: number): string => execFileSync('ps', ['-p', String(pid), '-o', 'args='], { encoding: 'utf8' })

it('drydock up brings a Temporal that died back with its data, and leaves no process behind', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'drydock-up-'))
  const [port = 0, ui = 0] = await freePorts(2)
  const { TEMPORAL_ADDRESS: _, ...env } = process.env
  const up = spawn(process.execPath, [bin, 'up', '--data', dir, '--port', String(port), '--ui-port', String(ui)], {
    env: {
      ...env,
      DRYDOCK_TEMPORAL_BIN: await obtainTool('temporal', { report: () => {}, signal: new AbortController().signal }),
      KUBECONFIG: awayCluster(dir),
      DRYDOCK_START_TIMEOUT: '10m',
      DRYDOCK_HTTP_ADDRESS: '127.0.0.1:0',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let text = ''
  for (const stream of [up.stdout, up.stderr]) stream.on('data', (piece: Buffer) => (text += piece.toString()))
  const ended = new Promise<number | null>((resolve) => up.on('close', resolve))
  whenFileIsOver(() => {
    for (const pid of [...childrenOf(up.pid ?? 0), up.pid ?? 0]) if (up.exitCode === null) process.kill(pid, 'SIGKILL')
    rmSync(dir, { recursive: true, force: true })
    return Promise.resolve()
  })
  await waitUntil(() => text.includes('health and metrics are served'), 120_000, 'the worker to start')
  expect(text).toContain('for trials and for one user')
  const client = new Client({ connection: await Connection.connect({ address: `127.0.0.1:${port}` }) })
  await client.workflow.start('any', { taskQueue: 'nobody', workflowId: 'kept' })
  const temporal = childrenOf(up.pid ?? 0).find((pid) => commandOf(pid).includes('start-dev')) ?? 0
  process.kill(temporal, 'SIGKILL')
  await waitUntil(
    () => text.includes('was ended by a signal: it is started again in 1 s'),
    30_000,
    'the death to be told',
  )
  const isThere = () =>
    client.workflow
      .getHandle('kept')
      .describe()
      .then(
        ({ status }) => status.name === 'RUNNING',
        () => false,
      )
  await waitUntil(isThere, 60_000, 'Temporal to be back')
  await client.connection.close()
  const started = childrenOf(up.pid ?? 0)
  expect(started.length).toBeGreaterThanOrEqual(2)
  up.kill('SIGTERM')
  expect(await ended).toBe(0)
  for (const pid of started) expect(() => process.kill(pid, 0)).toThrow()
})
