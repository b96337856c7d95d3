import { gunzipSync } from 'node:zlib'
import { beforeAll, describe, expect, it } from 'vitest'
import { awaitRestore, createRestore } from '../../kit/restores.ts'
import { freshCluster } from '../../kit/stack.ts'
import type { TestCluster } from '../../kit/stack.ts'
import { createVelero, getVelero, patchVelero } from '../../kit/velero/velero-objects.ts'
import type { VeleroObject } from '../../kit/velero/velero-objects.ts'
import { waitUntil } from '../../kit/wait-until.ts'
import { startWorker } from '../../kit/worker.ts'
import type { TestWorker } from '../../kit/worker.ts'

describe('DownloadRequests without a Velero server', () => {
  let cluster: TestCluster
  let workers: TestWorker[] = []
  beforeAll(async () => {
    cluster = await freshCluster()
    workers = [await startWorker(cluster), await startWorker(cluster)]
    await createRestore(cluster, { name: 'r1', spec: { backupName: 'shop', includedResources: ['configmaps'] } })
    await awaitRestore(cluster, 'r1')
  })

  let asked = 0
  const ask = async (kind: string, name: string, status: object = {}): Promise<VeleroObject> => {
    const request = `ask-${++asked}`
    await createVelero(cluster, 'downloadrequests', {
      apiVersion: 'velero.io/v1',
      kind: 'DownloadRequest',
      metadata: { name: request },
      spec: { target: { kind, name } },
      status,
    })
    let found: VeleroObject | undefined
    await waitUntil(
      async () => {
        found = await getVelero(cluster, 'downloadrequests', request)
        return found?.status?.['expiration'] !== undefined
      },
      60_000,
      `an answer to ${request}`,
    )
    return found as VeleroObject
  }

  it.each([
    ['RestoreLog', 'r1'],
    ['RestoreResults', 'r1'],
    ['RestoreResourceList', 'r1'],
    ['RestoreItemOperations', 'r1'],
    ['RestoreVolumeInfo', 'r1'],
    ['BackupLog', 'shop'],
    ['BackupContents', 'shop'],
    ['BackupResourceList', 'shop'],
    ['BackupResults', 'shop'],
    ['BackupItemOperations', 'shop'],
    ['BackupVolumeSnapshots', 'shop'],
    ['BackupVolumeInfos', 'shop'],
  ])('answers %s with an address that anyone can read for ten minutes', async (kind, name) => {
    const { status } = await ask(kind, name)
    expect(status?.['phase']).toBe('Processed')
    const answer = await fetch(String(status?.['downloadURL']))
    expect(answer.status).toBe(200)
    expect(gunzipSync(Buffer.from(await answer.arrayBuffer())).length).toBeGreaterThan(0)
    expect(String(status?.['downloadURL'])).toContain('X-Amz-Expires=600')
    const minutes = (Date.parse(String(status?.['expiration'])) - Date.now()) / 60_000
    expect(minutes).toBeGreaterThan(9)
    expect(minutes).toBeLessThan(10.5)
  })

  it.each([
    ['RestoreLog', 'nope'],
    ['BackupLog', 'nope'],
  ])('never answers %s of %s: only its end is set', async (kind, name) => {
    const { status } = await ask(kind, name)
    expect(Object.keys(status ?? {})).toEqual(['expiration'])
  })

  it('deletes one whose time has passed, answered or not', async () => {
    const request = await ask('RestoreLog', 'nope')
    await patchVelero(cluster, 'downloadrequests', request.metadata.name, {
      status: { expiration: '2026-01-01T00:00:00Z' },
    })
    const isGone = async () => (await getVelero(cluster, 'downloadrequests', request.metadata.name)) === undefined
    await waitUntil(isGone, 60_000, 'the old request to go')
  })

  it('makes addresses with publicUrl where the location has one', async () => {
    const location = await getVelero(cluster, 'backupstoragelocations', 'default')
    const config = location?.spec?.['config'] as Record<string, string>
    await patchVelero(cluster, 'backupstoragelocations', 'default', {
      spec: { config: { ...config, publicUrl: 'https://files.example.org' } },
    })
    const { status } = await ask('RestoreLog', 'r1')
    expect(String(status?.['downloadURL'])).toMatch(/^https:\/\/files\.example\.org\//)
  })

  it('has one leader, and another one soon after that one has died', async () => {
    const leading = () => workers.filter((worker) => worker.log().includes('this worker is the leader'))
    expect(leading()).toHaveLength(1)
    leading()[0]?.kill('SIGKILL')
    await waitUntil(() => leading().length === 2, 60_000, 'the other worker to lead')
    expect((await ask('RestoreLog', 'r1')).status?.['phase']).toBe('Processed')
  })
})

it('DownloadRequests are left to a Velero server where one is there', async () => {
  const cluster = await freshCluster()
  const worker = await startWorker(cluster, { DRYDOCK_WITHOUT_VELERO: 'present' })
  await createVelero(cluster, 'downloadrequests', {
    apiVersion: 'velero.io/v1',
    kind: 'DownloadRequest',
    metadata: { name: 'theirs' },
    spec: { target: { kind: 'BackupLog', name: 'shop' } },
  })
  await waitUntil(() => worker.log().includes('this worker is the leader'), 60_000, 'the worker to lead')
  await new Promise((resolve) => setTimeout(resolve, 3000))
  expect((await getVelero(cluster, 'downloadrequests', 'theirs'))?.status).toBeUndefined()
})
