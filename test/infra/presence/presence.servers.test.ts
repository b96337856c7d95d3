import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { systemClock } from '../../../infra/clock.ts'
import { connectCluster, type ClusterConnection } from '../../../infra/cluster/connect.ts'
import {
  newWorkerId,
  startPresence,
  type PresenceOptions,
  type RunningPresence,
} from '../../../infra/presence/presence.ts'
import { waitUntil } from '../../kit/wait-until.ts'
import { quietLog } from '../cluster/quiet-log.ts'
import { startApiServer, type ApiServer } from '../cluster/start-api-server.ts'

const leases = { group: 'coordination.k8s.io', version: 'v1', resource: 'leases' }
const configMaps = { group: '', version: 'v1', resource: 'configmaps' }
const by = { fieldManager: 'test' }

describe('presence, in a real cluster', () => {
  let server: ApiServer
  let connection: ClusterConnection
  let started: RunningPresence[] = []

  beforeAll(async () => {
    server = await startApiServer()
    connection = await connectCluster({
      kubeconfig: server.kubeconfig,
      log: quietLog(),
      requestTimeoutSeconds: 4,
      connectionsMax: 8,
    })
  })
  afterEach(async () => {
    for (const presence of started) await presence.stop()
    started = []
  })
  afterAll(async () => {
    await connection?.close()
  })

  async function start(worker: string, options: Partial<PresenceOptions> = {}): Promise<RunningPresence> {
    const presence = await startPresence({
      connection,
      namespace: 'velero',
      worker,
      log: quietLog(),
      clock: systemClock,
      ...options,
    })
    started.push(presence)
    return presence
  }

  function fence(
    presence: RunningPresence,
    scope: string,
  ): { done: Promise<void>; reasons: string[]; seconds(): number } {
    const reasons: string[] = []
    const startedAt = performance.now()
    let endedAt = 0
    const done = presence
      .fence(scope, { signal: new AbortController().signal, onWait: (reason) => reasons.push(reason) })
      .finally(() => (endedAt = performance.now()))
    return { done, reasons, seconds: () => (endedAt - startedAt) / 1000 }
  }

  const leaseOf = (presence: RunningPresence) =>
    connection.cluster.get({ ...leases, namespace: 'velero', name: presence.worker })

  it('takes a labelled Lease, names its attempts in it soon, and gives it back when none runs', async () => {
    const presence = await start(newWorkerId('Host.example_1'))
    expect(presence.worker).toMatch(/^drydock-worker-host-example-1-[0-9a-f]{8}$/)
    expect(() => presence.assertMayWrite()).not.toThrow()
    const end = presence.begin('uid-1/wave-1')
    const named = async () => (await leaseOf(presence))?.metadata.annotations?.['drydock.io/attempts']
    // Sooner than the next renewal would be due.
    await waitUntil(async () => (await named()) === '["uid-1/wave-1"]', 4_000, 'the attempt to be named')
    const lease = await leaseOf(presence)
    expect(lease?.metadata.labels).toEqual({ 'drydock.io/worker': 'true' })
    expect(lease?.['spec']).toMatchObject({ leaseDurationSeconds: 15 })
    const stopping = presence.stop()
    await systemClock.sleep(200)
    expect(await leaseOf(presence)).toBeDefined()
    end()
    await stopping
    expect(await leaseOf(presence)).toBeUndefined()
    expect(() => presence.assertMayWrite()).toThrow(expect.objectContaining({ reason: 'NoLease' }))
  })

  it('refuses a name that another process holds', async () => {
    await start('same')
    await expect(start('same')).rejects.toThrow('belongs to another process')
  })

  it('tells an expired Lease by how long it stands unchanged, not by the time in it, and ends a fence whose caller is cancelled', async () => {
    const lease = (name: string, renewTime: string) => ({
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { name, labels: { 'drydock.io/worker': 'true' }, annotations: { 'drydock.io/attempts': '["uid/a"]' } },
      spec: { holderIdentity: 'x', leaseDurationSeconds: 15, renewTime },
    })
    await connection.cluster.create(leases, 'velero', lease('drydock-worker-dead', '2020-01-01T00:00:00.000000Z'), by)
    const presence = await start('heir')
    const end = presence.begin('uid/a')
    const waiting = fence(presence, 'uid/a')
    await waiting.done
    // Its worker may be alive, on a machine whose clock is years behind.
    expect(waiting.seconds()).toBeGreaterThan(12)
    await connection.cluster.create(leases, 'velero', lease('drydock-worker-fast', '2099-01-01T00:00:00.000000Z'), by)
    const cancel = new AbortController()
    const cancelled = presence.fence('uid/a', {
      signal: cancel.signal,
      onWait: () => cancel.abort(new Error('cancelled')),
    })
    await expect(cancelled).rejects.toThrow('cancelled')
    await connection.cluster.remove({ ...leases, namespace: 'velero', name: 'drydock-worker-fast' })
    end()
  })

  it('loses its attempts when its Lease is deleted under it', async () => {
    const presence = await start('robbed')
    const end = presence.begin('uid/a')
    await connection.cluster.remove({ ...leases, namespace: 'velero', name: presence.worker })
    await untilLost(presence, 'it had expired')
    expect(await leaseOf(presence)).toBeDefined()
    end()
    expect(() => presence.assertMayWrite()).not.toThrow()
  })

  /** Waits for the renewal that finds out, and for its word. */
  async function untilLost(presence: RunningPresence, why: string): Promise<void> {
    const word = () => {
      try {
        presence.assertMayWrite()
        return ''
      } catch (thrown) {
        return String(thrown)
      }
    }
    await waitUntil(() => word().includes(why), 30_000, `"${why}"`)
  }

  it('a worker that was frozen with writes in line never writes after the fence of its successor', async () => {
    const children = [startWriter(server, 'frozen')]
    if (process.env['SHOW_UNGUARDED'] === '1') children.push(startWriter(server, 'unguarded', 'off'))
    const presence = await start('successor')
    const end = presence.begin('uid/frozen')
    try {
      for (const child of children) await child.writing
      await waitUntil(async () => (await countOf('frozen')) > 20, 60_000, 'its writes')
      for (const { process: child } of children) child.kill('SIGUSR2')
      const waiting = fence(presence, 'uid/frozen')
      await waiting.done
      expect(waiting.seconds()).toBeGreaterThan(9)
      const before = await countOf('frozen')
      for (const { process: child } of children) child.kill('SIGCONT')
      await systemClock.sleep(9_000)
      expect(await countOf('frozen')).toBe(before)
      expect(children[0]?.output.join('')).toContain('refused ApiError: this worker may not write')
      if (children.length > 1) console.log('unguarded:', before, await countOf('unguarded'))
    } finally {
      end()
      for (const { process: child } of children) child.kill('SIGKILL')
    }
  })

  async function countOf(worker: string): Promise<number> {
    const all = await connection.cluster.list(configMaps, { namespace: 'default', metadataOnly: true })
    return all.filter(({ metadata }) => metadata.name.startsWith(`${worker}-`)).length
  }
})

function startWriter(
  server: ApiServer,
  worker: string,
  guard = 'on',
): { process: ChildProcess; writing: Promise<void>; output: string[] } {
  const script = join(import.meta.dirname, 'frozen-writer.ts')
  const child = spawn(process.execPath, [script, server.kubeconfig, worker, 'uid/frozen'], {
    env: { ...process.env, GUARD: guard, NODE_OPTIONS: '' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const output: string[] = []
  const writing = new Promise<void>((resolve) => {
    child.stdout.on('data', (chunk: Buffer) => {
      output.push(chunk.toString())
      resolve()
    })
  })
  return { process: child, writing, output }
}
