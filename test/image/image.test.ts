import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import { activityAttempts } from '../kit/activity-attempts.ts'
import { manyItems, slowly } from '../kit/backups/many-items.ts'
import { putBackup } from '../kit/backups/put-backup.ts'
import { awaitRestore, createRestore, readResultFiles } from '../kit/restores.ts'
import { freshCluster } from '../kit/stack.ts'
import type { TestCluster } from '../kit/stack.ts'
import { waitUntil } from '../kit/wait-until.ts'
import { startContainer } from './container-worker.ts'
import type { ContainerWorker } from './container-worker.ts'
import { buildImage, engineOptions, image } from './images.ts'

const items = 300
const podman = (...argv: string[]) => execFileSync('podman', argv, { encoding: 'utf8' })

describe('the image', () => {
  let cluster: TestCluster
  let workers: ContainerWorker[]

  beforeAll(async () => {
    buildImage()
    cluster = await freshCluster({ backups: [] })
    await putBackup(cluster, manyItems('few', { count: 10 }))
    await putBackup(cluster, manyItems('many', { count: items }))
    workers = [await startContainer(cluster, slowly), await startContainer(cluster, slowly)]
  })

  it('holds the built package alone: no TypeScript, nothing that development needs', () => {
    const files = podman('run', '--rm', ...engineOptions, '--entrypoint', 'find', image, '/drydock').split('\n')
    expect(files).toContain('/drydock/dist/worker-main.js')
    expect(files.filter((file) => /\.[mc]?ts$/.test(file))).toEqual([])
    const { devDependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as { devDependencies: object }
    const development = Object.keys(devDependencies).map((name) => `/drydock/node_modules/${name}`)
    expect(files.filter((file) => development.includes(file))).toEqual([])
    const [{ Size }] = JSON.parse(podman('image', 'inspect', image)) as [{ Size: number }]
    console.log(`the image takes ${Math.round(Size / 1e6)} MB`)
  })

  it('restores as any user, read-only and without a capability', async () => {
    const [worker] = workers
    const facts = podman('exec', worker?.name ?? '', 'cat', '/proc/1/status')
    expect(facts).toMatch(/^Uid:\s+1000650000\s/m)
    expect(facts).toMatch(/^Cap(?:Eff|Bnd):\s+0+$/m)
    expect(() => podman('exec', worker?.name ?? '', 'touch', '/drydock/x', '/etc/x')).toThrow('Read-only file system')
    await createRestore(cluster, { name: 'small', spec: { backupName: 'few' } })
    const { status } = await awaitRestore(cluster, 'small')
    expect(status).toMatchObject({ phase: 'Completed', progress: { itemsRestored: 11, totalItems: 11 } })
    expect((await readResultFiles(cluster, 'small')).results).toEqual({ warnings: {}, errors: {} })
  })

  // A task may be handed to a worker that asks no more, as in `e2e/worker/worker.test.ts`.
  it('stops on SIGTERM in the middle of a restore with no attempt lost', { retry: 1 }, async ({ task }) => {
    const name = `drained-${task.result?.retryCount ?? 0}`
    const namespaceMapping = { many: name }
    const made = await createRestore(cluster, { name, spec: { backupName: 'many', namespaceMapping } })
    const chunkWorkers = async () => {
      const attempts = await activityAttempts(cluster, made).catch(() => [])
      return attempts.filter(({ activity }) => activity === 'restoreChunk').map(({ worker }) => worker)
    }
    await waitUntil(async () => (await chunkWorkers()).length > 0, 120_000, 'a chunk that has ended')
    const [running = ''] = (await chunkWorkers()).slice(-1)
    const busy = workers.findIndex((worker) => worker.log().includes(running))
    expect(await workers[busy]?.stop()).toBe(0)
    const restore = await awaitRestore(cluster, name, undefined, 400_000)
    const progress = { itemsRestored: items + 1, totalItems: items + 1 }
    if (task.result?.retryCount === 0) workers[busy] = await startContainer(cluster, slowly)
    expect(restore.status).toMatchObject({ phase: 'Completed', progress })
    const attempts = await activityAttempts(cluster, restore)
    expect(attempts.filter(({ attempt }) => attempt > 1)).toEqual([])
    expect(new Set(attempts.map(({ worker }) => worker)).size).toBe(2)
  })
})

describe('a worker of the image alone', () => {
  it('restores 5,003 items within the memory that the chart asks for', async () => {
    buildImage()
    const cluster = await freshCluster({ backups: ['bulk5k'] })
    const before = performance.now()
    const worker = await startContainer(cluster)
    const started = performance.now()
    await createRestore(cluster, { name: 'bulk', spec: { backupName: 'bulk5k' } })
    const { status } = await awaitRestore(cluster, 'bulk', undefined, 400_000)
    expect(status).toMatchObject({ phase: 'Completed', progress: { itemsRestored: 5003, totalItems: 5003 } })
    const seconds = (performance.now() - started) / 1000
    const facts = podman('exec', worker.name, 'cat', '/proc/1/status')
    const megabytes = Number(/^VmHWM:\s+(\d+) kB$/m.exec(facts)?.[1]) / 1000
    // `resources.requests.memory` of the chart's values.
    expect(megabytes).toBeLessThan(805)
    const ready = ((started - before) / 1000).toFixed(1)
    console.log(`ready after ${ready} s; 5,003 items in ${seconds.toFixed(0)} s; at most ${megabytes.toFixed(0)} MB`)
  })
})
