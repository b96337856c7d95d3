import '../../ports/deterministic.ts'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import type { Manifest } from '../../../velero/manifest.ts'
import { backupContentsKey, restoreResultsKey } from '../../../velero/object-keys.ts'
import type { RestoreStatus } from '../../../velero/restore.ts'
import { archiveBody } from '../../ports/archives.ts'
import type { World } from '../../ports/world.ts'
import { backupName, items } from '../crash/backup.ts'
import { ref, restoreAt, waves } from '../crash/restore-in-memory.ts'
import { annotate, annotationsOf, denying, newWorld, retried } from './retrying.ts'
import { runRestore } from './whole-restore.ts'

function resultsOf(world: World): { errors: object; warnings: object } {
  const body = world.buckets.objects('backups').get(restoreResultsKey(ref.name)) ?? Buffer.of()
  return JSON.parse(gunzipSync(body).toString('utf8')) as { errors: object; warnings: object }
}

const statusOf = (world: World) => world.cluster.look(restoreAt)?.['status'] as RestoreStatus

const eventsOf = (world: World) =>
  world.cluster
    .objects()
    .flatMap((one) => (one.kind === 'Event' ? [`${String(one['reason'])}: ${String(one['note'])}`] : []))

const journalOf = (world: World) =>
  [...world.buckets.objects('backups').keys()].filter((key) => key.includes('/drydock/'))

describe('what a retry does', () => {
  it('writes the items that failed, and completes the restore where their cause is gone', async () => {
    const world = await newWorld()
    const first = await runRestore(world, { around: denying('configmaps shop/', 'gizmos') })
    expect(first.restore.status).toMatchObject({
      phase: 'PartiallyFailed',
      errors: 4,
      hookStatus: { hooksAttempted: 3 },
    })
    const second = await retried(world)
    expect(second.writes.toSorted()).toEqual([
      'create configmaps shop/new',
      'create configmaps shop/other',
      'create configmaps shop/same',
      'create gizmos.example.com shop/first',
      'patch gizmos.example.com shop/first',
    ])
    expect(resultsOf(world)).toEqual({ errors: {}, warnings: {} })
    expect(statusOf(world)).toMatchObject({ phase: 'Completed', hookStatus: { hooksAttempted: 3 } })
    expect(statusOf(world).errors).toBeUndefined()
    expect(annotationsOf(world)).toMatchObject({ 'drydock.io/run': '2', 'drydock.io/retried': 'one' })
    expect(eventsOf(world)).toContain('Retried: run 2 begins: 4 of 15 items are to be done')
  })

  it('restores managed fields as the run before, also where its worker is set otherwise', async () => {
    const world = await newWorld()
    await runRestore(world, {
      around: denying('configmaps shop/', 'gizmos'),
      settings: { managedFields: 'exact' },
    })
    const { writes } = await retried(world)
    expect(writes.filter((write) => write.startsWith('patch configmaps')).toSorted()).toEqual([
      'patch configmaps shop/new',
      'patch configmaps shop/other',
      'patch configmaps shop/same',
    ])
  })

  it('replaces the messages of what fails again, and can be asked for again', async () => {
    const world = await newWorld()
    await runRestore(world, { around: denying('configmaps shop/', 'gizmos') })
    await retried(world, 'one', denying('gizmos'))
    const denied = 'error restoring gizmos.example.com/shop/first: admission webhook "policy" denied the request'
    expect(resultsOf(world).errors).toEqual({ namespaces: { shop: [denied] } })
    expect(statusOf(world)).toMatchObject({ phase: 'PartiallyFailed', errors: 1 })
    const third = await retried(world, 'two')
    expect(third.writes).toEqual(['create gizmos.example.com shop/first', 'patch gizmos.example.com shop/first'])
    expect(statusOf(world)).toMatchObject({ phase: 'Completed' })
    expect(annotationsOf(world)['drydock.io/run']).toBe('3')
  })

  it('does what a cancel has left, and forgets the cancel', async () => {
    const world = await newWorld()
    const first = await runRestore(world, { cancelledAfter: waves.indexOf('secrets') })
    expect(statusOf(world)).toMatchObject({ phase: 'Failed', failureReason: 'cancelled: enough' })
    annotate(world, { 'drydock.io/cancel': 'enough' })
    const { writes } = await retried(world)
    // The claim whose download was called off is ordered anew.
    const again = writes.filter((one) => first.writes.includes(one))
    expect(again).toEqual(['create persistentvolumeclaims shop/moved', 'patch persistentvolumeclaims shop/moved'])
    expect(statusOf(world)).toMatchObject({ phase: 'Completed' })
    expect(statusOf(world).failureReason).toBeUndefined()
    expect(annotationsOf(world)['drydock.io/cancel']).toBeUndefined()
  })

  it('sends a hook at most once over all runs', async () => {
    const world = await newWorld()
    await runRestore(world, { around: denying('gizmos') })
    expect(world.exec.ran).toHaveLength(3)
    await retried(world)
    expect(world.exec.ran).toHaveLength(3)
    expect(statusOf(world)).toMatchObject({ phase: 'Completed', hookStatus: { hooksAttempted: 3 } })
  })

  it('keeps the error of a hook that failed, and does not send it again', async () => {
    const world = await newWorld()
    const { answer } = world.exec
    world.exec.answer = (command) =>
      command.container === 'side' ? { do: 'ended', problem: 'exit code 1', stdout: '', stderr: '' } : answer(command)
    await runRestore(world, { around: denying('gizmos') })
    expect(statusOf(world)).toMatchObject({ errors: 2, hookStatus: { hooksAttempted: 3, hooksFailed: 1 } })
    world.exec.answer = answer
    await retried(world)
    expect(world.exec.ran).toHaveLength(3)
    expect(statusOf(world)).toMatchObject({
      phase: 'PartiallyFailed',
      errors: 1,
      hookStatus: { hooksAttempted: 3, hooksFailed: 1 },
    })
    expect(JSON.stringify(resultsOf(world).errors)).toContain('exit code 1')
  })

  it('runs the hooks of a pod that an earlier run has not reached', async () => {
    const world = await newWorld()
    await runRestore(world, { cancelledAfter: waves.indexOf('pods') + 1 })
    expect(world.exec.ran).toHaveLength(0)
    await retried(world)
    expect(world.exec.ran).toHaveLength(3)
    expect(statusOf(world)).toMatchObject({ phase: 'Completed', hookStatus: { hooksAttempted: 3 } })
  })

  it('orders anew what a node agent has failed to do', async () => {
    const world = await newWorld()
    const failOnce = (kind: string) =>
      world.cluster.onChange((object, at) => {
        if (object?.kind !== kind || world.cluster.objects().filter((one) => one.kind === kind).length > 1) return
        if ((object['status'] as { phase?: string } | undefined)?.phase === 'InProgress')
          world.clock.later(1, () => world.cluster.amend(at, { status: { phase: 'Failed', message: 'no space' } }))
      })
    failOnce('DataDownload')
    failOnce('PodVolumeRestore')
    await runRestore(world)
    expect(statusOf(world)).toMatchObject({ phase: 'PartiallyFailed', errors: 2, restoreItemOperationsFailed: 1 })
    const { writes } = await retried(world)
    expect(
      writes.map((one) => one.replace(/-[0-9a-f]{12}$/, '')).filter((one) => !one.includes('persistentvolumes')),
    ).toEqual([
      'create datadownloads.velero.io velero/again',
      'create persistentvolumeclaims shop/moved',
      'patch persistentvolumeclaims shop/moved',
      'create podvolumerestores.velero.io velero/again',
    ])
    expect(statusOf(world)).toMatchObject({ phase: 'Completed', restoreItemOperationsCompleted: 1 })
    expect(statusOf(world).restoreItemOperationsFailed).toBeUndefined()
  })

  it('plans a restore that failed before it had a plan', async () => {
    const world = await newWorld()
    const key = backupContentsKey(backupName)
    const tarball = world.buckets.objects('backups').get(key) ?? Buffer.of()
    world.buckets.drop('backups', key)
    await runRestore(world)
    expect(statusOf(world).phase).toBe('Failed')
    world.buckets.place('backups', key, tarball)
    await retried(world)
    expect(statusOf(world)).toMatchObject({ phase: 'Completed' })
    expect(
      world.cluster.look({ group: '', version: 'v1', resource: 'configmaps', namespace: 'shop', name: 'new' }),
    ).toBeDefined()
  })
})

describe('what a retry finds changed', () => {
  it('is a restore whose journal could not be written: it is admitted', async () => {
    const world = await newWorld()
    const location = {
      group: 'velero.io',
      version: 'v1',
      resource: 'backupstoragelocations',
      namespace: 'velero',
      name: 'default',
    }
    const spec = world.cluster.look(location)?.['spec'] as object
    world.cluster.amend(location, { spec: { ...spec, objectStorage: { bucket: 'none' } } })
    await runRestore(world)
    expect(statusOf(world)).toMatchObject({ phase: 'Failed' })
    expect(statusOf(world).failureReason).toMatch(/the journal cannot be written/)
    world.cluster.amend(location, { spec })
    await retried(world)
    expect(statusOf(world)).toMatchObject({ phase: 'Completed' })
    expect(annotationsOf(world)).toMatchObject({ 'drydock.io/retried': 'one' })
  })

  it('is a kind that the cluster has got by now', async () => {
    const world = await newWorld()
    const crd = { group: 'apiextensions.k8s.io', version: 'v1', resource: 'customresourcedefinitions' }
    const { spec } = world.cluster.look(restoreAt) as unknown as { spec: object }
    world.cluster.amend(restoreAt, {
      spec: { ...spec, excludedResources: ['customresourcedefinitions.apiextensions.k8s.io'] },
    })
    annotate(world, { 'drydock.io/second-chances': 'false' })
    await runRestore(world)
    const gone = 'error restoring gizmos.example.com/shop/first: the server could not find the requested resource'
    expect(resultsOf(world).errors).toEqual({ namespaces: { shop: [gone] } })
    const definition = items.find(({ groupResource }) => groupResource.startsWith(crd.resource))?.manifest as Manifest
    await world.cluster.connect().create(crd, undefined, definition, { fieldManager: 'somebody' })
    expect((await retried(world)).writes).toEqual([
      'create gizmos.example.com shop/first',
      'patch gizmos.example.com shop/first',
    ])
    expect(statusOf(world)).toMatchObject({ phase: 'Completed' })
  })
})

describe('what begins no run', () => {
  const refused = (world: World) => annotationsOf(world)['drydock.io/retry-refused']

  it('is a token that has had its run', async () => {
    const world = await newWorld()
    await runRestore(world, { around: denying('gizmos') })
    await retried(world, 'one', denying('gizmos'))
    expect((await retried(world, 'one')).admission).toEqual({ do: 'over', phase: 'PartiallyFailed' })
    annotate(world, { 'drydock.io/retried': '' })
    expect((await runRestore(world)).writes).toEqual([])
    expect(refused(world)).toBe('cannot be retried: token "one" has had its run, number 2')
    expect(annotationsOf(world)['drydock.io/run']).toBe('2')
  })

  it('is a restore that is Completed', async () => {
    const world = await newWorld()
    await runRestore(world)
    expect((await retried(world)).admission).toEqual({ do: 'over', phase: 'Completed' })
    expect(refused(world)).toBe('is Completed: nothing of it failed')
    expect(eventsOf(world)).toContain('NotRetried: Restore "again" is Completed: nothing of it failed')
  })

  it('is a token that was there before the restore was over', async () => {
    const world = await newWorld()
    annotate(world, { 'drydock.io/retry': 'early' })
    await runRestore(world, { around: denying('gizmos') })
    expect(refused(world)).toBe('was not over when the retry was asked for')
    expect((await runRestore(world)).admission).toEqual({ do: 'over', phase: 'PartiallyFailed' })
  })

  it.each([
    {
      what: 'backup',
      spoil: ({ cluster }: World) =>
        cluster.drop({ group: 'velero.io', version: 'v1', resource: 'backups', namespace: 'velero', name: backupName }),
      why: 'cannot be retried: Backup.velero.io "shop" not found',
    },
    {
      what: 'archive',
      spoil: ({ buckets }: World) => buckets.drop('backups', backupContentsKey(backupName)),
      why: 'cannot be retried: the archive backups/shop/shop.tar.gz is not in the bucket any more',
    },
    {
      what: 'planned archive',
      spoil: ({ buckets }: World) => buckets.place('backups', backupContentsKey(backupName), archiveBody([])),
      why: 'cannot be retried: the archive backups/shop/shop.tar.gz was replaced since the restore was planned',
    },
    {
      what: 'journal',
      spoil: (world: World) => {
        for (const key of journalOf(world)) world.buckets.drop('backups', key)
      },
      why: 'cannot be retried: location "default" has no journal of it: was restores/again/drydock removed?',
    },
  ])('is a restore whose $what is gone', async ({ spoil, why }) => {
    const world = await newWorld()
    await runRestore(world, { around: denying('gizmos') })
    spoil(world)
    expect((await retried(world)).admission).toEqual({ do: 'over', phase: 'PartiallyFailed' })
    expect(refused(world)).toBe(why)
    expect(statusOf(world)).toMatchObject({ phase: 'PartiallyFailed', errors: 1 })
  })
})
