import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { systemClock } from '../../../infra/clock.ts'
import { connectCluster, type ClusterConnection } from '../../../infra/cluster/connect.ts'
import { startPresence } from '../../../infra/presence/presence.ts'
import { waitUntil } from '../../kit/wait-until.ts'
import { startWebhook, webhookFor, webhooksPath, type WebhookServer } from '../../kit/webhook.ts'
import { quietLog } from '../cluster/quiet-log.ts'
import { startApiServer, type ApiServer } from '../cluster/start-api-server.ts'

const configMaps = { group: '', version: 'v1', resource: 'configmaps' }
const slowMs = 25_000

describe('a write that takes longer than a Lease lasts', () => {
  let server: ApiServer
  let webhook: WebhookServer
  let connection: ClusterConnection
  beforeAll(async () => {
    server = await startApiServer()
    webhook = await startWebhook(() => sleep(slowMs, { allowed: true }))
    const limits = { log: quietLog(), requestTimeoutSeconds: 4, connectionsMax: 8 }
    connection = await connectCluster({ kubeconfig: server.kubeconfig, ...limits })
    const body = webhookFor('slow', webhook.client, { timeoutSeconds: 30 })
    await connection.send({ method: 'POST', path: webhooksPath, body })
  }, 150_000)
  afterAll(async () => {
    await connection?.close()
    webhook?.close()
  }, 30_000)

  it('of a worker that is frozen meanwhile lands before its successor may write, or never', async () => {
    const script = join(import.meta.dirname, 'slow-writer.ts')
    const child = spawn(process.execPath, [script, server.kubeconfig, 'slow', 'uid/slow'], {
      env: { ...process.env, NODE_OPTIONS: '' },
      stdio: ['ignore', 'ignore', 'inherit'],
    })
    const presence = await startPresence({
      connection,
      namespace: 'velero',
      worker: 'successor',
      log: quietLog(),
      clock: systemClock,
    })
    const end = presence.begin('uid/slow')
    try {
      // Asked a second time: the write is on its way that the Lease has announced.
      await waitUntil(() => webhook.asked.length >= 2, 60_000, 'the long write')
      child.kill('SIGSTOP')
      const beganAt = performance.now()
      const reasons: string[] = []
      await presence.fence('uid/slow', { signal: new AbortController().signal, onWait: (why) => reasons.push(why) })
      expect(performance.now() - beganAt).toBeGreaterThan(slowMs)
      expect(reasons[0]).toMatch(/^worker drydock-worker-slow may still be writing; its Lease expires in [67]\d s$/)
      const landed = await connection.cluster.get({ ...configMaps, namespace: 'default', name: 'slow' })
      // Nothing has ended the request of the frozen worker, so it landed while the fence waited.
      expect(landed).toBeDefined()
      await connection.cluster.remove({ ...configMaps, namespace: 'default', name: 'slow' })
      child.kill('SIGCONT')
      await sleep(9_000)
      expect(await connection.cluster.get({ ...configMaps, namespace: 'default', name: 'slow' })).toBeUndefined()
    } finally {
      child.kill('SIGKILL')
      end()
      await presence.stop()
    }
  }, 240_000)
})
