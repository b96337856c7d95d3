import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MockActivityEnvironment } from '@temporalio/testing'
import { DefaultLogger } from '@temporalio/worker'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createActivities } from '../../../activities/index.ts'
import type { Activities } from '../../../activities/index.ts'
import type { Ports } from '../../../activities/ports.ts'
import { createArchives } from '../../../infra/archive/archives.ts'
import { systemClock } from '../../../infra/clock.ts'
import { connectCluster } from '../../../infra/cluster/connect.ts'
import type { ClusterConnection } from '../../../infra/cluster/connect.ts'
import { newWorkerId, startPresence } from '../../../infra/presence/presence.ts'
import type { RunningPresence } from '../../../infra/presence/presence.ts'
import { createStores } from '../../../infra/store/open-store.ts'
import { createPodExec } from '../../../infra/cluster/exec.ts'
import { readConfig } from '../../../worker/config.ts'
import { quietLog } from '../../infra/cluster/quiet-log.ts'
import { createRestore, getRestore, listKeys, readObject, readResultFiles } from '../../kit/restores.ts'
import { freshCluster } from '../../kit/stack.ts'
import type { TestCluster } from '../../kit/stack.ts'

let cluster: TestCluster
let connection: ClusterConnection
let presence: RunningPresence
let ports: Ports
let activities: Activities
const folder = mkdtempSync(join(tmpdir(), 'drydock-activities-'))

beforeAll(async () => {
  cluster = await freshCluster()
  const log = quietLog()
  const { kubeconfig } = cluster
  connection = await connectCluster({ kubeconfig, log, requestTimeoutSeconds: 4, connectionsMax: 8 })
  const worker = newWorkerId('test')
  presence = await startPresence({ connection, namespace: 'velero', worker, log, clock: systemClock })
  ports = {
    cluster: connection.cluster,
    stores: createStores({ cluster: connection.cluster, veleroNamespace: 'velero', env: process.env }),
    archives: createArchives({ dir: folder, cacheBytesMax: 1e9, log }),
    presence,
    exec: createPodExec({ kubeconfig, context: undefined, assertMayWrite: () => undefined }),
    clock: systemClock,
    log,
  }
  activities = createActivities(ports, readConfig({ DRYDOCK_CHECKPOINT_ITEMS: '2' }).settings)
})
afterAll(async () => {
  await presence?.stop()
  await connection?.close()
  rmSync(folder, { recursive: true, force: true })
})

/** Runs an activity as the given attempt of a task. */
function run<Name extends keyof Activities>(
  name: Name,
  input: Parameters<Activities[Name]>[0],
  attempt = 1,
): ReturnType<Activities[Name]> {
  return runWith(activities, name, input, attempt)
}

function runWith<Name extends keyof Activities>(
  from: Activities,
  name: Name,
  input: Parameters<Activities[Name]>[0],
  attempt = 1,
): ReturnType<Activities[Name]> {
  const info = { attempt, activityId: `${name}-${JSON.stringify(input).length}` }
  const environment = new MockActivityEnvironment(info, { logger: new DefaultLogger('ERROR') })
  const activity = from[name] as (given: unknown) => Promise<any>
  return environment.run(() => activity(input)) as ReturnType<Activities[Name]>
}

async function begin(name: string, spec: object = { includedResources: ['configmaps', 'secrets'] }) {
  const { metadata } = await createRestore(cluster, { name, spec: { backupName: 'shop', ...spec } })
  return { namespace: 'velero', name, uid: metadata.uid ?? '', cluster: connection.cluster.id }
}

describe('activities that run twice', () => {
  it('give the same restore as those that run once', async () => {
    const ref = await begin('twice')
    const admission = await run('admitRestore', { ref })
    expect(admission).toMatchObject({ do: 'restore', resumed: false })
    const claimed = (await getRestore(cluster, 'twice'))?.metadata.resourceVersion
    expect(await run('admitRestore', { ref }, 2)).toMatchObject({ do: 'restore', resumed: true })
    expect((await getRestore(cluster, 'twice'))?.metadata.resourceVersion).toBe(claimed)

    const admitted = { ...ref, location: 'default' }
    const plan = await run('planRestore', { ref: admitted })
    expect(await run('planRestore', { ref: admitted }, 2)).toEqual(plan)

    for (const [wave, { chunks }] of plan.waves.entries()) {
      for (const chunk of chunks.keys()) {
        const input = { ref: admitted, wave, chunk, resumed: false }
        const report = await run('restoreChunk', input)
        expect(report).toMatchObject({ failed: 0, errors: 0 })
        expect(await run('restoreChunk', input, 2)).toEqual(report)
      }
    }
    const conclusion = await run('concludeRestore', { ref: admitted, complete: true })
    const files = await readResultFiles(cluster, 'twice')
    expect(await run('concludeRestore', { ref: admitted, complete: true }, 2)).toEqual(conclusion)
    const again = await readResultFiles(cluster, 'twice')
    expect({ ...again, log: withoutTimes(again.log) }).toEqual({ ...files, log: withoutTimes(files.log) })
  })

  it('find a chunk done whose journal was lost on the way: objects that stand there count as created', async () => {
    const ref = {
      ...(await begin('lost', { includedResources: ['configmaps'], namespaceMapping: { shop: 'lost' } })),
      location: 'default',
    }
    await run('admitRestore', { ref })
    const plan = await run('planRestore', { ref })
    const wave = plan.waves.findIndex(({ groupResource }) => groupResource === 'configmaps')
    for (let at = 0; at < wave; at++) await run('restoreChunk', { ref, wave: at, chunk: 0, resumed: false })
    const first = await run('restoreChunk', { ref, wave, chunk: 0, resumed: false })
    const store = await ports.stores.open(
      (await ports.cluster.get({
        group: 'velero.io',
        version: 'v1',
        resource: 'backupstoragelocations',
        namespace: 'velero',
        name: 'default',
      })) as never,
    )
    const prefix = `restores/lost/drydock/${ref.uid}/outcomes/wave-${String(wave).padStart(3, '0')}`
    await store.remove(await store.list(prefix))
    expect(await run('restoreChunk', { ref, wave, chunk: 0, resumed: true }, 2)).toEqual(first)
    expect('created' in first && first.created).toBeGreaterThan(0)
  })

  it('take a chunk without its journal for damage, never for nothing', async () => {
    const ref = { ...(await begin('hole')), location: 'default' }
    await run('admitRestore', { ref })
    await run('planRestore', { ref })
    await expect(run('concludeRestore', { ref, complete: true })).rejects.toMatchObject({
      type: 'JournalDamaged',
      message: expect.stringContaining('a shard under outcomes/wave-000/chunk-00000 is missing'),
    })
    expect(await run('concludeRestore', { ref, complete: false })).toMatchObject({ items: 0 })
    expect(await readObject(cluster, 'restores/hole/restore-hole-results.gz')).toContain('"errors"')
    expect((await listKeys(cluster, 'restores/hole/')).length).toBeGreaterThan(5)
  })
})

describe('the phase', () => {
  it('is decided anew where someone writes in between, and that writing stays', async () => {
    const ref = await begin('conflict')
    await run('admitRestore', { ref })
    let meddled = 0
    const meddling: Ports['cluster'] = {
      ...ports.cluster,
      id: ports.cluster.id,
      patch: async (object, patch, options) => {
        if (object.name === 'conflict' && meddled++ === 0) {
          const annotations = { meddler: 'was here' }
          await ports.cluster.patch(object, { metadata: { annotations } }, { fieldManager: 'meddler' })
        }
        return ports.cluster.patch(object, patch, options)
      },
    }
    const disturbed = createActivities({ ...ports, cluster: meddling }, readConfig({}).settings)
    const report = await runWith(disturbed, 'setPhase', { ref, phase: 'Finalizing', errors: 0 })
    expect(report).toEqual({ phase: 'Finalizing' })
    expect(meddled).toBe(2)
    expect(await getRestore(cluster, 'conflict')).toMatchObject({
      metadata: { annotations: { meddler: 'was here' } },
      status: { phase: 'Finalizing' },
    })
  })

  it('set twice is written once, and never goes back', async () => {
    const ref = await begin('forth')
    await run('admitRestore', { ref })
    expect(await run('setPhase', { ref, phase: 'Finalizing', warnings: 2 })).toEqual({ phase: 'Finalizing' })
    const version = (await getRestore(cluster, 'forth'))?.metadata.resourceVersion
    expect(await run('setPhase', { ref, phase: 'Finalizing', warnings: 2 }, 2)).toEqual({ phase: 'Finalizing' })
    expect(await run('setPhase', { ref, phase: 'InProgress' })).toEqual({ phase: 'Finalizing' })
    expect((await getRestore(cluster, 'forth'))?.metadata.resourceVersion).toBe(version)
    expect(await run('setPhase', { ref, phase: 'Completed' })).toEqual({ phase: 'Completed' })
    const { status } = (await getRestore(cluster, 'forth')) ?? {}
    expect(await run('setPhase', { ref, phase: 'Failed', failureReason: 'late' })).toEqual({ phase: 'Completed' })
    expect((await getRestore(cluster, 'forth'))?.status).toEqual(status)
  })

  it('takes a count away that an earlier run had set and this one has not', async () => {
    const ref = await begin('zero')
    await run('admitRestore', { ref })
    await run('setPhase', { ref, phase: 'Finalizing', warnings: 2 })
    expect((await getRestore(cluster, 'zero'))?.status).toMatchObject({ warnings: 2 })
    await run('setPhase', { ref, phase: 'Finalizing', warnings: 0, errors: 0 })
    expect((await getRestore(cluster, 'zero'))?.status).not.toHaveProperty('warnings')
  })

  it('of a Restore that was made again under its name is not touched', async () => {
    const ref = await begin('other')
    await expect(run('setPhase', { ref: { ...ref, uid: 'another' }, phase: 'Failed' })).rejects.toMatchObject({
      type: 'RestoreGone',
    })
    expect((await getRestore(cluster, 'other'))?.status).toBeUndefined()
  })
})

describe('progress', () => {
  it('never goes back, and is not written over an end', async () => {
    const ref = await begin('progress')
    await run('admitRestore', { ref })
    const progressOf = async () => (await getRestore(cluster, 'progress'))?.status?.progress
    await run('reportProgress', { ref, progress: { itemsRestored: 5, totalItems: 9 } })
    await run('reportProgress', { ref, progress: { itemsRestored: 3, totalItems: 9 } })
    expect(await progressOf()).toEqual({ itemsRestored: 5, totalItems: 9 })
    await run('setPhase', { ref, phase: 'Failed', failureReason: 'enough' })
    await run('reportProgress', { ref, progress: { itemsRestored: 9, totalItems: 9 } })
    expect(await progressOf()).toEqual({ itemsRestored: 5, totalItems: 9 })
  })
})

describe('a worker of another cluster', () => {
  it('refuses a restore for good, naming both clusters', async () => {
    const ref = { ...(await begin('strange')), cluster: 'elsewhere' }
    await expect(run('admitRestore', { ref })).rejects.toMatchObject({ type: 'WrongCluster', nonRetryable: true })
  })
})

function withoutTimes(log: string | undefined): string | undefined {
  return log?.replace(/time="[^"]*"/g, 'time=""')
}
