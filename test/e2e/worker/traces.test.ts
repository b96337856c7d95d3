import { Client, Connection } from '@temporalio/client'
import { beforeAll, describe, expect, it } from 'vitest'
import { runClient } from '../../kit/client.ts'
import { awaitRestore, createRestore, getRestore } from '../../kit/restores.ts'
import { freshCluster } from '../../kit/stack.ts'
import type { TestCluster } from '../../kit/stack.ts'
import { receiveTraces } from '../../kit/trace-receiver.ts'
import type { TraceReceiver } from '../../kit/trace-receiver.ts'
import { startWorker } from '../../kit/worker.ts'

let cluster: TestCluster
const start = ['start', '--from-backup', 'shop', '--include-resources', 'configmaps,secrets']

beforeAll(async () => {
  cluster = await freshCluster({ backups: ['shop'] })
})

describe('a restore with traces', () => {
  let receiver: TraceReceiver
  let workflowId: string

  beforeAll(async () => {
    receiver = await receiveTraces()
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment=test' }
    const worker = await startWorker(cluster, { ...env, OTEL_SERVICE_NAME: 'restorer' })
    const started = await runClient(cluster, [...start, '--name', 'traced', '--wait'], env)
    expect(started).toMatchObject({ code: 0 })
    const uid = (await getRestore(cluster, 'traced'))?.metadata.uid ?? ''
    workflowId = `restore/${cluster.veleroNamespace}/traced/${uid}`
    // The last phase comes before the end of the workflow, and its span is sent at that end alone.
    const connection = await Connection.connect({ address: cluster.temporal.address })
    await new Client({ connection }).workflow.result(workflowId)
    await connection.close()
    expect(await worker.stop()).toBe(0)
  })

  it('is one trace from its start to the last activity', () => {
    const run = receiver.spans().find(({ name }) => name === 'RunWorkflow:restore')
    const spans = receiver.spans().filter(({ traceId }) => traceId === run?.traceId)
    expect(spans.map(({ name }) => name)).toEqual(
      expect.arrayContaining([
        'StartWorkflow:restore',
        'RunActivity:admitRestore',
        'RunActivity:planRestore',
        'RunActivity:restoreChunk',
        'RunActivity:concludeRestore',
      ]),
    )
    const ids = new Set(spans.map(({ spanId }) => spanId))
    const orphans = spans.filter(({ parentSpanId }) => parentSpanId !== undefined && !ids.has(parentSpanId))
    expect(orphans).toEqual([])
    expect(new Set(receiver.spans().map(({ service }) => service))).toEqual(new Set(['drydock', 'restorer']))
  })

  it('says which restore an activity was for', () => {
    const activities = receiver.spans().filter(({ name }) => name === 'RunActivity:restoreChunk')
    expect(activities.length).toBeGreaterThan(0)
    expect(new Set(activities.map(({ attributes }) => attributes['temporalWorkflowId']))).toEqual(new Set([workflowId]))
  })

  it('carries nothing of a manifest', () => {
    expect(receiver.raw()).toContain('"deployment.environment"')
    expect(receiver.raw()).not.toMatch(/apiVersion|managedFields|stringData|registry\.example\.com|dTpw/)
  })
})

it('goes on where the receiver of traces is away', async () => {
  // Nothing is sent before the end: it would fail in other words, and leave nothing to tell of.
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9', OTEL_BSP_SCHEDULE_DELAY: '600000' }
  const worker = await startWorker(cluster, env)
  await createRestore(cluster, { name: 'unheard', spec: { backupName: 'shop', includedResources: ['configmaps'] } })
  expect((await awaitRestore(cluster, 'unheard')).status).toMatchObject({ phase: 'Completed' })
  expect(await worker.stop()).toBe(0)
  expect(worker.log()).toMatch(/"traces: the last spans could not be sent/)
})
