import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { PutObjectCommand } from '@aws-sdk/client-s3'
import { create, extract } from 'tar'
import { beforeAll, describe, expect, it } from 'vitest'
import { openBucket, uploadFolder } from '../../../devstack/bucket.ts'
import { restartFailureReason } from '../../../velero/defaults.ts'
import type { Restore, RestoreSpec } from '../../../velero/restore.ts'
import { countMessages } from '../../../velero/results.ts'
import { many, manyItems } from '../../kit/backups/many-items.ts'
import { putBackup } from '../../kit/backups/put-backup.ts'
import { awaitRestore, createRestore, readResultFiles, withAdmin } from '../../kit/restores.ts'
import { fixturePath, freshCluster } from '../../kit/stack.ts'
import type { TestCluster } from '../../kit/stack.ts'
import { createVelero, eventsOf, getVelero, patchVelero } from '../../kit/velero/velero-objects.ts'
import { startVeleroServer } from '../../kit/velero/velero-server.ts'
import { startWorker } from '../../kit/worker.ts'
import { applyObjects } from '../../parity/apply-objects.ts'

const patience = 150_000

const longHook = {
  resources: [{ name: 'late', postHooks: [{ exec: { command: ['true'], waitTimeout: '10m' } }] }],
}
const badModifier = { resourceModifier: { kind: 'configmap', name: 'bad-modifier' } }
const moved = (backupName: string, copy: string): RestoreSpec => ({ backupName, namespaceMapping: { app: copy } })

/** The backup `moved-data` without its claim whose upload was lost, which no restore of it comes without an error from. */
async function addBackupWithoutLost(cluster: TestCluster): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'drydock-moved-'))
  const from = fixturePath('backups/moved-data')
  mkdirSync(join(dir, 'items'))
  mkdirSync(join(dir, 'backup'))
  await extract({ file: join(from, 'moved-data.tar.gz'), cwd: join(dir, 'items') })
  const claims = join(dir, 'items/resources/persistentvolumeclaims')
  for (const file of readdirSync(claims, { recursive: true, encoding: 'utf8' }))
    if (file.endsWith('lost.json')) rmSync(join(claims, file))
  await create({ gzip: true, file: join(dir, 'backup/moved-one.tar.gz'), cwd: join(dir, 'items') }, ['.'])
  copyFileSync(join(from, 'moved-data-volumeinfo.json.gz'), join(dir, 'backup/moved-one-volumeinfo.json.gz'))
  await uploadFolder(cluster.s3, join(dir, 'backup'), `${cluster.prefix}/backups/moved-one/`)
  const backup = await getVelero(cluster, 'backups', 'moved-data')
  await createVelero(cluster, 'backups', { ...backup, metadata: { name: 'moved-one' } })
  rmSync(dir, { recursive: true })
}

/** Rules that fail on each claim and ConfigMap, so that a restore has errors. */
const badModifierConfigMap = {
  metadata: { name: 'bad-modifier' },
  data: {
    'rules.yaml': JSON.stringify({
      version: 'v1',
      resourceModifierRules: ['configmaps', 'persistentvolumeclaims'].map((groupResource) => ({
        conditions: { groupResource },
        patches: [{ operation: 'replace', path: '/data/absent', value: '1' }],
      })),
    }),
  },
}

describe('restores that a real Velero server left behind', () => {
  let cluster: TestCluster
  const left = new Map<string, Restore>()
  const before = new Map<string, Awaited<ReturnType<typeof readResultFiles>>>()

  beforeAll(async () => {
    cluster = await freshCluster({ backups: ['shop', 'moved-data'] })
    await putBackup(cluster, manyItems('many'))
    await applyObjects(cluster, ['storage-classes.yaml'])
    await addBackupWithoutLost(cluster)
    await withAdmin(cluster, (client) =>
      client.must('POST', '/api/v1/namespaces/velero/configmaps', badModifierConfigMap),
    )
    const velero = await startVeleroServer(cluster, ['--features=EnableCSI'])
    const leave = async (name: string, spec: RestoreSpec, phase: string, annotations = {}) => {
      await createRestore(cluster, { name, spec, annotations })
      left.set(name, await awaitRestore(cluster, name, ({ status }) => status?.phase === phase, patience))
    }
    // Without namespace shop-db, whose pod's own hook fails soon and, in Velero, calls off all others.
    const shop = { backupName: 'shop', includedNamespaces: ['shop'], hooks: longHook }
    await leave('finalizing', shop, 'Finalizing')
    const copy = { ...shop, namespaceMapping: { shop: 'shop-2' } }
    await leave('finalizing-badly', { ...copy, ...badModifier }, 'FinalizingPartiallyFailed')
    await leave('moving', moved('moved-one', 'app-1'), 'WaitingForPluginOperations')
    await leave('moving-badly', moved('moved-data', 'app-2'), 'WaitingForPluginOperationsPartiallyFailed')
    await leave('running', { backupName: 'many' }, 'InProgress', { 'drydock.io/adopt': 'true' })
    await awaitRestore(cluster, 'running', ({ status }) => (status?.progress?.itemsRestored ?? 0) > 20, patience)
    await createRestore(cluster, { name: 'not-begun', spec: { backupName: 'shop', includedResources: ['secrets'] } })
    velero.kill()
    const { spec, status } = left.get('running') as Restore
    await createRestore(cluster, { name: 'running-alone', spec, status: status ?? {} })
    for (const name of ['finalizing', 'finalizing-badly', 'moving', 'moving-badly'])
      before.set(name, await readResultFiles(cluster, name))
    await startWorker(cluster, { DRYDOCK_ITEM_OPERATION_SYNC: '1s' })
  })

  /** What must hold of each: nothing of Velero's is lost, and counts are what the file says. */
  const endOf = async (name: string) => {
    const { status, metadata } = await awaitRestore(cluster, name, undefined, patience)
    const files = await readResultFiles(cluster, name)
    const was = before.get(name)
    expect(files.resourceList).toEqual(was?.resourceList)
    expect(files.volumeInfo).toEqual(was?.volumeInfo)
    expect(files.log?.startsWith(was?.log ?? '?')).toBe(true)
    expect(status?.errors ?? 0).toBe(countMessages(files.results?.errors ?? {}))
    expect(status?.warnings ?? 0).toBe(countMessages(files.results?.warnings ?? {}))
    expect(metadata.annotations?.['drydock.io/claimed']).toBeDefined()
    return { status, files, was }
  }
  const move = async (restore: string, status: object) => {
    const uid = left.get(restore)?.metadata.uid ?? ''
    const names = await withAdmin(cluster, async (client) => {
      const path = `/apis/velero.io/v2alpha1/namespaces/velero/datadownloads`
      const { body } = await client.must('GET', `${path}?labelSelector=velero.io/restore-uid%3D${uid}`)
      const { items } = body as { items: { metadata: { name: string } }[] }
      for (const { metadata } of items)
        await client.must('PATCH', `${path}/${metadata.name}`, { status }, 'application/merge-patch+json')
      return items.map(({ metadata }) => metadata.name)
    })
    expect(names.length).toBeGreaterThan(0)
  }

  it('Finalizing: is finished, with what Velero had found and a warning about hooks that nobody knows of', async () => {
    const { status, files, was } = await endOf('finalizing')
    expect(status?.phase).toBe('Completed')
    expect(status?.completionTimestamp).toBeDefined()
    expect(files.results?.errors).toEqual({})
    expect(files.results?.warnings.velero?.some((text) => text.includes('hooks of this restore'))).toBe(true)
    expect(countMessages(files.results?.warnings ?? {})).toBe(countMessages(was?.results?.warnings ?? {}) + 1)
    const reasons = async () => (await eventsOf(cluster, 'finalizing')).map(({ reason }) => reason)
    await expect.poll(reasons, { timeout: 120_000 }).toEqual(['TakenOver', 'Finalizing', 'Completed'])
  })

  it('FinalizingPartiallyFailed: ends PartiallyFailed with Velero’s errors, each once', async () => {
    const { status, files, was } = await endOf('finalizing-badly')
    expect(status?.phase).toBe('PartiallyFailed')
    expect(files.results?.errors).toEqual(was?.results?.errors)
  })

  it('WaitingForPluginOperations: polls on and is Completed when the data has moved', async () => {
    await move('moving', { phase: 'Completed', progress: { bytesDone: 10, totalBytes: 10 } })
    const { status, files } = await endOf('moving')
    expect(status?.phase).toBe('Completed')
    expect(files.itemOperations).toMatchObject([{ status: { phase: 'Completed' } }])
    expect(status).toMatchObject({ restoreItemOperationsAttempted: 1, restoreItemOperationsCompleted: 1 })
  })

  it('WaitingForPluginOperationsPartiallyFailed: keeps Velero’s errors and adds what failed since', async () => {
    await move('moving-badly', { phase: 'Failed', message: 'the disk is full' })
    const { status, files, was } = await endOf('moving-badly')
    expect(status?.phase).toBe('PartiallyFailed')
    expect(files.results?.errors.velero).toContain('error from restore item operation: the disk is full')
    expect(countMessages(files.results?.errors ?? {})).toBe(countMessages(was?.results?.errors ?? {}) + 1)
  })

  it('InProgress: fails in Velero’s words', async () => {
    const { status } = await awaitRestore(cluster, 'running-alone', undefined, patience)
    expect(status).toMatchObject({ phase: 'Failed', failureReason: restartFailureReason })
  })

  it('InProgress with drydock.io/adopt: is carried on to its end, counting what Velero had restored', async () => {
    const { status } = await awaitRestore(cluster, 'running', undefined, patience)
    const files = await readResultFiles(cluster, 'running')
    expect(status?.phase).toBe('Completed')
    expect(status?.errors).toBeUndefined()
    expect(files.resourceList?.['v1/ConfigMap']).toHaveLength(many)
    // The one that Velero had in its hands when it was killed may lack its owners, and is then nobody's (rule 5).
    const others = files.resourceList?.['v1/ConfigMap']?.filter((entry) => !entry.endsWith('(created)'))
    expect(others?.length).toBeLessThanOrEqual(1)
  })

  it('not begun: is restored as any other', async () => {
    const { status } = await awaitRestore(cluster, 'not-begun', undefined, patience)
    expect(status?.phase).toBe('Completed')
  })

  it('a results file that is damaged becomes an error that names it', async () => {
    const put = async (key: string, body: Buffer) => {
      const client = openBucket(cluster.s3)
      await client.send(
        new PutObjectCommand({ Bucket: cluster.s3.bucket, Key: `${cluster.prefix}/${key}`, Body: body }),
      )
      client.destroy()
    }
    await put('restores/damaged/restore-damaged-results.gz', Buffer.from('no gzip'))
    await put('restores/damaged/restore-damaged-resource-list.json.gz', gzipSync('{"v1/Pod":["a/b(created)"]}'))
    await createRestore(cluster, { name: 'damaged', spec: { backupName: 'shop' }, status: { phase: 'Finalizing' } })
    const { status } = await awaitRestore(cluster, 'damaged', undefined, patience)
    const files = await readResultFiles(cluster, 'damaged')
    expect(status).toMatchObject({ phase: 'PartiallyFailed', errors: 1 })
    expect(files.results?.errors.velero?.[0]).toContain('restores/damaged/restore-damaged-results.gz')
    expect(files.resourceList).toEqual({ 'v1/Pod': ['a/b(created)'] })
  })

  it('one whose backup is gone ends PartiallyFailed, as with Velero, and says why', async () => {
    await createRestore(cluster, { name: 'bare', spec: { backupName: 'gone' }, status: { phase: 'Finalizing' } })
    const { status } = await awaitRestore(cluster, 'bare', undefined, patience)
    expect(status).toMatchObject({
      phase: 'PartiallyFailed',
      failureReason: 'not finalized: Backup.velero.io "gone" not found',
    })
  })
})

describe('restores of a Velero server that runs its own controllers', () => {
  let cluster: TestCluster
  beforeAll(async () => {
    cluster = await freshCluster()
    await startWorker(cluster, { DRYDOCK_VELERO_CONTROLLERS: 'on' })
  })

  it.each(['InProgress', 'Finalizing', 'WaitingForPluginOperations'] as const)(
    'are left alone in phase %s, cancelled or not',
    async (phase) => {
      const name = `theirs-${phase.toLowerCase()}`
      const status = { phase }
      await createRestore(cluster, { name, spec: { backupName: 'shop' }, status })
      const reasons = async () => (await eventsOf(cluster, name)).map(({ reason }) => reason)
      await expect.poll(reasons, { timeout: 240_000 }).toEqual(['NotTaken'])
      await patchVelero(cluster, 'restores', name, { metadata: { annotations: { 'drydock.io/cancel': 'stop' } } })
      await new Promise((resolve) => setTimeout(resolve, 3000))
      const found = await awaitRestore(cluster, name, () => true)
      expect(found.status).toEqual(status)
      expect(found.metadata.annotations?.['drydock.io/claimed']).toBeUndefined()
    },
  )
})
