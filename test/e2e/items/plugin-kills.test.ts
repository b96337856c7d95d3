import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { putBackup } from '../../kit/backups/put-backup.ts'
import type { MadeUpBackup } from '../../kit/backups/put-backup.ts'
import { aNamespace } from '../../kit/backups/volume-backups.ts'
import { awaitRestore, createRestore, readResultFiles, withAdmin } from '../../kit/restores.ts'
import { freshCluster } from '../../kit/stack.ts'
import type { TestCluster } from '../../kit/stack.ts'
import { demoPlugin } from '../../kit/velero/demo-plugin.ts'
import { waitUntil } from '../../kit/wait-until.ts'
import { startWorker } from '../../kit/worker.ts'
import type { Manifest } from '../../../velero/manifest.ts'

const dir = mkdtempSync(join(tmpdir(), 'drydock-kills-'))
const cloud = join(dir, 'cloud')
afterAll(() => rmSync(dir, { recursive: true, force: true }))

/** Calls that are held back, each in a restore of its own; the plugin's processes in them are in the second file. */
const held = [
  ...['Execute', 'AreAdditionalItemsReady', 'Progress', 'Cancel'].map((call) => {
    const restore = call.toLowerCase()
    return { restore, file: join(dir, `hold-${call}-${restore}`), processes: join(dir, `in-${call}-${restore}`) }
  }),
  { restore: 'volume', file: join(cloud, 'hold'), processes: join(cloud, 'held') },
]

/** A backup with a ConfigMap that begins an operation, unless there is none. */
function configMap(name: string, operation?: string): MadeUpBackup {
  const labels = operation === undefined ? {} : { 'demo.example.io/async': operation }
  const manifest = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', namespace: name, labels } }
  return { name, items: [aNamespace(name), ['configmaps', manifest]] }
}

const capacity = { storage: '1Gi' }
const volume: MadeUpBackup = {
  name: 'volume',
  items: [
    [
      'persistentvolumes',
      {
        apiVersion: 'v1',
        kind: 'PersistentVolume',
        metadata: { name: 'pv' },
        spec: { capacity, accessModes: ['ReadWriteOnce'], csi: { driver: 'd', volumeHandle: 'old' } },
      },
    ],
  ],
  files: {
    volumeinfo: [{ pvName: 'pv', backupMethod: 'NativeSnapshot' }],
    volumesnapshots: [
      { spec: { persistentVolumeName: 'pv', location: 'cloud' }, status: { providerSnapshotID: 'snap' } },
    ],
  },
}

async function placeLocation(cluster: TestCluster): Promise<void> {
  const metadata = { name: 'cloud', namespace: cluster.veleroNamespace }
  const spec = { provider: 'example.io/files', config: { dir: cloud } }
  const location = { apiVersion: 'velero.io/v1', kind: 'VolumeSnapshotLocation', metadata, spec }
  const path = `/apis/velero.io/v1/namespaces/${cluster.veleroNamespace}/volumesnapshotlocations`
  await withAdmin(cluster, (admin) => admin.must('POST', path, location))
}

const processesIn = ({ processes }: (typeof held)[number]) =>
  existsSync(processes) ? readFileSync(processes, 'utf8').trim().split('\n').map(Number) : []

/** Waits until each call has been made that often. */
async function madeOften(times: number): Promise<void> {
  const isMade = () => held.every((one) => processesIn(one).length >= times)
  await waitUntil(isMade, 180_000, `each call to be made ${times} times`).catch((thrown: unknown) => {
    const seen = held.map((one) => `${one.restore}: ${processesIn(one).length}`).join(', ')
    throw new Error(`${thrown instanceof Error ? thrown.message : String(thrown)}; made were ${seen}`)
  })
}

it('come to their undisturbed end, or say what nobody can know, where plugin and worker are killed in each call', async () => {
  mkdirSync(cloud)
  for (const { file } of held) writeFileSync(file, '')
  const cluster = await freshCluster({ backups: [] })
  await placeLocation(cluster)
  const env = {
    DRYDOCK_PLUGIN_DIR: dirname(await demoPlugin()),
    DRYDOCK_PLUGIN_CALLS: '10',
    DRYDOCK_ITEM_OPERATION_SYNC: '1s',
    DEMO_HOLD_DIR: dir,
  }
  const killed = await startWorker(cluster, env)
  const backups = [
    configMap('execute'),
    configMap('areadditionalitemsready', 'done'),
    configMap('progress', 'done'),
    configMap('cancel', 'never'),
    volume,
  ]
  for (const backup of backups) {
    await putBackup(cluster, backup)
    const limit = backup.name === 'cancel' ? { itemOperationTimeout: '3s' } : {}
    await createRestore(cluster, { name: backup.name, spec: { backupName: backup.name, ...limit } })
  }
  await madeOften(1)
  for (const pid of new Set(held.flatMap(processesIn))) process.kill(pid, 'SIGKILL')
  await madeOften(2)
  killed.kill('SIGKILL')
  await startWorker(cluster, env)
  await madeOften(3)
  for (const { file } of held) rmSync(file)

  for (const name of ['execute', 'areadditionalitemsready', 'progress']) {
    const { status } = await awaitRestore(cluster, name)
    expect(status).toMatchObject({ phase: 'Completed' })
    const restored = await withAdmin(cluster, async (admin) => {
      return (await admin.must('GET', `/api/v1/namespaces/${name}/configmaps/a`)).body as Manifest
    })
    expect(restored.metadata.labels).toMatchObject({ 'demo.example.io/restored': 'true' })
    const { results, itemOperations } = await readResultFiles(cluster, name)
    expect(results).toEqual({ errors: {}, warnings: {} })
    expect(itemOperations).toHaveLength(name === 'execute' ? 0 : 1)
  }
  const cancelled = await awaitRestore(cluster, 'cancel')
  expect(cancelled.status).toMatchObject({ phase: 'PartiallyFailed', restoreItemOperationsFailed: 1 })

  await awaitRestore(cluster, 'volume')
  const { results } = await readResultFiles(cluster, 'volume')
  const volumes = readdirSync(join(cloud, 'volumes'))
  const inUse = await withAdmin(cluster, async (admin) => {
    const pv = (await admin.must('GET', '/api/v1/persistentvolumes/pv')).body as Manifest
    return (pv['spec'] as { csi: { volumeHandle: string } }).csi.volumeHandle
  })
  expect(volumes).toContain(inUse)
  expect(volumes).toHaveLength(3)
  const leftOver = expect.stringMatching(
    new RegExp(
      `^a volume may be left over in location cloud: .* snapshot snap was sent at .*; volume ${inUse} is the one in use$`,
    ),
  ) as string
  expect(results).toEqual({ errors: {}, warnings: { cluster: [leftOver, leftOver] } })
})
