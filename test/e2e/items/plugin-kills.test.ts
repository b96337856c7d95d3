import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { putBackup, putBackupInto } from '../../kit/backups/put-backup.ts'
import type { MadeUpBackup } from '../../kit/backups/put-backup.ts'
import { aNamespace } from '../../kit/backups/volume-backups.ts'
import { awaitRestore, createRestore, readResultFiles, withAdmin } from '../../kit/restores.ts'
import { whenFileIsOver } from '../../kit/run/clean-up.ts'
import { freshCluster } from '../../kit/stack.ts'
import type { TestCluster } from '../../kit/stack.ts'
import { demoPlugin } from '../../kit/velero/demo-plugin.ts'
import { createVelero, getVelero } from '../../kit/velero/velero-objects.ts'
import { waitUntil } from '../../kit/wait-until.ts'
import { startWorker } from '../../kit/worker.ts'
import type { Manifest } from '../../../velero/manifest.ts'

const dir = mkdtempSync(join(tmpdir(), 'drydock-kills-'))
whenFileIsOver(() => rmSync(dir, { recursive: true, force: true }))

/** A call that is held back as long as a file is there; the plugin's processes in it are in the other file. */
interface HeldCall {
  file: string
  processes: string
}

const heldIn = (folder: string, call: string): HeldCall => ({
  file: join(folder, `hold-${call}`),
  processes: join(folder, `in-${call}`),
})

/** Calls of actions, each in a restore of its own, which has its name. */
const actionCalls = ['Execute', 'AreAdditionalItemsReady', 'Progress', 'Cancel']
/** Calls of snapshotters, by the location, which has a folder as its cloud. */
const clouds = { making: 'CreateVolumeFromSnapshot', setting: 'SetVolumeID', deleting: 'DeleteSnapshot' }
/** Calls of ObjectStores, each in a location of its own, which has its name in small letters. */
const storeCalls = [
  'Init',
  'PutObject',
  'ObjectExists',
  'GetObject',
  'ListObjects',
  'ListCommonPrefixes',
  'DeleteObject',
  'CreateSignedURL',
]

const cloud = (location: string) => join(dir, location)
const bucketOf = (call: string) => join(dir, call, 'b')
const heldAtFirst = heldIn(dir, 'AppliesTo-any')
const heldLater: readonly HeldCall[] = [
  ...actionCalls.map((call) => heldIn(dir, `${call}-${call.toLowerCase()}`)),
  heldIn(dir, 'DeleteItemAction-old'),
  { file: join(cloud('making'), 'hold'), processes: join(cloud('making'), 'held') },
  heldIn(cloud('setting'), 'SetVolumeID'),
  heldIn(cloud('deleting'), 'DeleteSnapshot'),
  ...storeCalls.map((call) => heldIn(join(dir, call), call)),
]

const processesIn = ({ processes }: HeldCall) =>
  existsSync(processes) ? readFileSync(processes, 'utf8').trim().split('\n').map(Number) : []

/** Ends a process, unless it is over; false where it was. */
function end(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal)
  } catch {
    return false
  }
}

/** Waits until each call is held in a process that is none of these, and returns all processes that have had one. */
async function heldAnew(held: readonly HeldCall[], before: ReadonlySet<number>): Promise<ReadonlySet<number>> {
  const isHeld = (one: HeldCall) => processesIn(one).some((pid) => !before.has(pid) && end(pid, 0))
  await waitUntil(() => held.every(isHeld), 60_000, 'each call to be made').catch((thrown: unknown) => {
    const missing = held.filter((one) => !isHeld(one)).map(({ file }) => file)
    throw new Error(`${String(thrown)}; not made are ${missing.join(', ')}`)
  })
  return new Set(held.flatMap(processesIn))
}

/** Kills the plugin in each of these calls, then the worker. Another worker makes the calls again, and they are answered. */
async function killInEach(held: readonly HeldCall[], replaceWorker: () => Promise<void>): Promise<void> {
  const first = await heldAnew(held, new Set())
  for (const pid of first) end(pid, 'SIGKILL')
  const second = await heldAnew(held, first)
  await replaceWorker()
  await heldAnew(held, second)
  for (const { file } of held) rmSync(file)
}

/** A backup with a ConfigMap that begins an operation, unless there is none. */
function configMap(name: string, operation?: string): MadeUpBackup {
  const labels = operation === undefined ? {} : { 'demo.example.io/async': operation }
  const annotations = { 'demo.example.io/deleted': join(dir, 'deleted') }
  const manifest = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'a', namespace: name, labels, annotations },
  }
  return { name, items: [aNamespace(name), ['configmaps', manifest]] }
}

/** A backup with a PersistentVolume whose data is in a snapshot. */
function volume(location: string): MadeUpBackup {
  const capacity = { storage: '1Gi' }
  const spec = { capacity, accessModes: ['ReadWriteOnce'], csi: { driver: 'd', volumeHandle: 'old' } }
  const metadata = { name: `pv-${location}` }
  const snapshot = { spec: { persistentVolumeName: metadata.name, location }, status: { providerSnapshotID: 'snap' } }
  return {
    name: location,
    items: [['persistentvolumes', { apiVersion: 'v1', kind: 'PersistentVolume', metadata, spec }]],
    files: { volumeinfo: [{ pvName: metadata.name, backupMethod: 'NativeSnapshot' }], volumesnapshots: [snapshot] },
  }
}

async function placeLocations(cluster: TestCluster): Promise<void> {
  for (const name of Object.keys(clouds))
    await createVelero(cluster, 'volumesnapshotlocations', {
      apiVersion: 'velero.io/v1',
      kind: 'VolumeSnapshotLocation',
      metadata: { name },
      spec: { provider: 'example.io/files', config: { dir: cloud(name) } },
    })
  for (const call of storeCalls) {
    const name = call.toLowerCase()
    // First, since a Backup that the bucket of its location does not have is removed.
    await putBackupInto(bucketOf(call), cluster, { ...configMap(name), location: name })
    await createVelero(cluster, 'backupstoragelocations', {
      apiVersion: 'velero.io/v1',
      kind: 'BackupStorageLocation',
      metadata: { name },
      spec: {
        provider: 'example.io/folder',
        objectStorage: { bucket: 'b' },
        config: { dir: join(dir, call), hold: call },
      },
    })
  }
}

/** Asks for restores and deletions, in each of which one call is held back. */
async function askForAll(cluster: TestCluster): Promise<void> {
  const operations = { areadditionalitemsready: 'done', progress: 'done', cancel: 'never' } as Record<string, string>
  const backups = [
    ...actionCalls.map((call) => configMap(call.toLowerCase(), operations[call.toLowerCase()])),
    volume('making'),
    volume('setting'),
  ]
  for (const backup of backups) await putBackup(cluster, backup)
  for (const name of [...backups.map((one) => one.name), ...storeCalls.map((call) => call.toLowerCase())]) {
    const limit = name === 'cancel' ? { itemOperationTimeout: '3s' } : {}
    await createRestore(cluster, { name, spec: { backupName: name, ...limit } })
  }
  for (const backup of [configMap('old'), volume('deleting')]) {
    await putBackup(cluster, backup)
    await createVelero(cluster, 'deletebackuprequests', {
      apiVersion: 'velero.io/v1',
      kind: 'DeleteBackupRequest',
      metadata: { name: backup.name },
      spec: { backupName: backup.name },
    })
  }
  await createVelero(cluster, 'downloadrequests', {
    apiVersion: 'velero.io/v1',
    kind: 'DownloadRequest',
    metadata: { name: 'contents' },
    spec: { target: { kind: 'BackupContents', name: 'createsignedurl' } },
  })
}

describe('where plugin and worker are killed in a call', () => {
  let cluster: TestCluster
  const read = (path: string) => withAdmin(cluster, async (admin) => (await admin.must('GET', path)).body as Manifest)
  const isGone = (backup: string) => async () => (await getVelero(cluster, 'backups', backup)) === undefined

  beforeAll(async () => {
    for (const location of Object.keys(clouds)) mkdirSync(join(cloud(location), 'snapshots'), { recursive: true })
    for (const call of storeCalls) mkdirSync(bucketOf(call), { recursive: true })
    for (const { file } of [heldAtFirst, ...heldLater]) writeFileSync(file, '')
    writeFileSync(join(cloud('deleting'), 'snapshots/snap'), '')
    cluster = await freshCluster({ backups: [] })
    await placeLocations(cluster)
    const env = {
      DRYDOCK_PLUGIN_DIR: dirname(await demoPlugin()),
      DRYDOCK_PLUGIN_CALLS: '30',
      DRYDOCK_ITEM_OPERATION_SYNC: '1s',
      DEMO_HOLD_DIR: dir,
    }
    let worker = await startWorker(cluster, env)
    const replaceWorker = async () => {
      worker.kill('SIGKILL')
      worker = await startWorker(cluster, env)
    }
    await askForAll(cluster)
    await killInEach([heldAtFirst], replaceWorker)
    await killInEach(heldLater, replaceWorker)
  })

  it.each(['execute', 'areadditionalitemsready', 'progress'])('a restore ends as undisturbed: %s', async (name) => {
    expect((await awaitRestore(cluster, name)).status).toMatchObject({ phase: 'Completed' })
    const { labels } = (await read(`/api/v1/namespaces/${name}/configmaps/a`)).metadata
    expect(labels).toMatchObject({ 'demo.example.io/restored': 'true' })
    const { results, itemOperations } = await readResultFiles(cluster, name)
    expect(results).toEqual({ errors: {}, warnings: {} })
    expect(itemOperations).toHaveLength(name === 'execute' ? 0 : 1)
  })

  it('an operation that is cancelled counts once', async () => {
    const { status } = await awaitRestore(cluster, 'cancel')
    expect(status).toMatchObject({ phase: 'PartiallyFailed', restoreItemOperationsFailed: 1 })
  })

  it.each([
    ['making', 3, 2],
    ['setting', 1, 0],
  ])('a volume is used, and what may be left over is named: %s', async (name, volumes, leftOver) => {
    await awaitRestore(cluster, name)
    const pv = await read(`/api/v1/persistentvolumes/pv-${name}`)
    const { volumeHandle } = (pv['spec'] as { csi: { volumeHandle: string } }).csi
    const made = readdirSync(join(cloud(name), 'volumes'))
    expect(made).toContain(volumeHandle)
    expect(made).toHaveLength(volumes)
    const text = `^a volume may be left over in location ${name}: .* snapshot snap was sent at .*; volume ${volumeHandle} is the one in use$`
    const warning = expect.stringMatching(new RegExp(text)) as string
    const warnings = leftOver === 0 ? {} : { cluster: Array<string>(leftOver).fill(warning) }
    expect((await readResultFiles(cluster, name)).results).toEqual({ errors: {}, warnings })
  })

  it.each(storeCalls)('a restore from a bucket that a plugin serves ends as undisturbed: %s', async (call) => {
    const name = call.toLowerCase()
    const { status } = await awaitRestore(cluster, name)
    expect(status).toMatchObject({ phase: 'Completed', progress: { itemsRestored: 2, totalItems: 2 } })
    const keys = readdirSync(bucketOf(call), { recursive: true }).map(String)
    expect(keys).toContain(`restores/${name}/restore-${name}-results.gz`)
  })

  it('a DownloadRequest gets its address', async () => {
    const address = async () => (await getVelero(cluster, 'downloadrequests', 'contents'))?.status?.['downloadURL']
    await waitUntil(async () => (await address()) !== undefined, 120_000, 'the address')
    expect(await address()).toBe(`file://${bucketOf('CreateSignedURL')}/backups/createsignedurl/createsignedurl.tar.gz`)
  })

  it('a backup is deleted with its snapshot, and its item was given to the action', async () => {
    await waitUntil(isGone('old'), 120_000, 'the backup to go')
    await waitUntil(isGone('deleting'), 120_000, 'the other one to go')
    expect(new Set(readFileSync(join(dir, 'deleted'), 'utf8').trim().split('\n'))).toEqual(new Set(['a of old']))
    expect(readdirSync(join(cloud('deleting'), 'snapshots'))).toEqual([])
  })
})
