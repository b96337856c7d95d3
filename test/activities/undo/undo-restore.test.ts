import '../../ports/deterministic.ts'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { rfc3339 } from '../../../velero/manifest.ts'
import type { Manifest } from '../../../velero/manifest.ts'
import { restoreUndoKey } from '../../../velero/object-keys.ts'
import { startGarbageCollector } from '../../ports/controllers.ts'
import { createWorld } from '../../ports/world.ts'
import type { World } from '../../ports/world.ts'
import { restoreWhole } from '../restore-whole.ts'
import { act, inPhase, restoreAt } from '../crash/restore-in-memory.ts'
import { dumpOf, undo, undone } from './undoing.ts'

const owned = (fieldsV1: object) => ({
  managedFields: [
    {
      manager: 'kubectl-client-side-apply',
      operation: 'Update',
      apiVersion: 'v1',
      time: '2025-01-01T00:00:00Z',
      fieldsType: 'FieldsV1',
      fieldsV1,
    },
  ],
})

const settingsMap = (name: string, data: Record<string, string>, more: object = {}): Manifest => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'shop', ...more },
  data,
})

const backedUp = (name: string) =>
  settingsMap(name, { a: '1', b: '2' }, owned({ 'f:data': { '.': {}, 'f:a': {}, 'f:b': {} } }))

const namespace: Manifest = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } }
const old = { creationTimestamp: '2025-01-01T00:00:00Z' }
const at = (resource: string, name: string) => ({ group: '', version: 'v1', resource, namespace: 'shop', name })

const patch = (world: World, name: string, change: object, fieldManager = 'kubectl-edit') =>
  world.cluster.connect().patch(at('configmaps', name), change, { fieldManager })

async function restored(names: readonly string[], more: Partial<Parameters<typeof restoreWhole>[0]> = {}) {
  let before: Record<string, unknown> = {}
  const { world } = await restoreWhole({
    items: { namespaces: [namespace], configmaps: names.map(backedUp), ...more.items },
    ...more,
    before: (made) => {
      more.before?.(made)
      before = dumpOf(made)
    },
  })
  // The restores in memory end before their last phase.
  inPhase(world, 'Completed')
  return { world, before }
}

/** Somebody removes the journal from the bucket. */
function dropJournal({ buckets }: World): void {
  for (const key of [...buckets.objects('backups').keys()].filter((one) => one.includes('/drydock/')))
    buckets.drop('backups', key)
}

const stateOf = (world: World) => world.cluster.look(restoreAt)?.metadata.annotations?.['drydock.io/undone']

describe('an undo', () => {
  it('leaves the cluster as it was before the restore', async () => {
    const { world, before } = await restored(['one', 'two'])
    expect(Object.keys(dumpOf(world)).length).toBeGreaterThan(Object.keys(before).length)
    const result = await undo(world)
    await world.clock.advance(60_000)
    expect(dumpOf(world)).toEqual(before)
    expect(result).toMatchObject({ deleted: 3, putBack: 0, kept: 0, gone: 0 })
  })

  it('puts back what the restore has changed, with its owners', async () => {
    const standing = [
      { ...namespace, metadata: { name: 'shop', ...old } },
      settingsMap(
        'one',
        { a: 'mine', c: '3' },
        { ...old, labels: { team: 'x' }, ...owned({ 'f:data': { 'f:a': {}, 'f:c': {} } }) },
      ),
    ]
    const { world, before } = await restored(['one'], { standing, spec: { existingResourcePolicy: 'update' } })
    expect(world.cluster.look(at('configmaps', 'one'))?.['data']).toEqual({ a: '1', b: '2' })
    const result = await undo(world)
    expect(dumpOf(world)).toEqual(before)
    expect(result).toMatchObject({ deleted: 0, putBack: 1, kept: 0 })
  })

  it('keeps and names what somebody has changed, and the namespace that holds it', async () => {
    const { world } = await restored(['one', 'two', 'three'])
    await world.clock.advance(5_000)
    await patch(world, 'one', { data: { a: 'theirs' } })
    await patch(world, 'two', { data: { b: null } })
    const result = await undo(world)
    expect(result).toMatchObject({ deleted: 1, kept: 3 })
    expect(result.keptFirst.map(({ object }) => object).toSorted()).toEqual([
      'configmaps shop/one',
      'configmaps shop/two',
      'namespaces shop',
    ])
    const because = (object: string) => result.keptFirst.find((one) => one.object === object)?.because
    expect(because('configmaps shop/one')).toMatch(/^kubectl-edit has changed it since/)
    expect(because('configmaps shop/two')).toBe('data.b was taken away since')
    expect(because('namespaces shop')).toMatch(/configmaps shop\/one, configmaps shop\/two/)
    expect(world.cluster.look(at('configmaps', 'three'))).toBeUndefined()
  })

  it('keeps an object that somebody changes after the plan was made', async () => {
    const { world } = await restored(['one', 'two'])
    await world.clock.advance(5_000)
    const result = await undo(world, { afterPlan: () => patch(world, 'one', { data: { a: 'theirs' } }) })
    expect(result).toMatchObject({ deleted: 1, kept: 2 })
    expect(world.cluster.look(at('configmaps', 'one'))?.['data']).toEqual({ a: 'theirs', b: '2' })
  })

  it('keeps a changed object that somebody has changed since', async () => {
    const standing = [{ ...namespace, metadata: { name: 'shop', ...old } }, settingsMap('one', { a: 'mine' }, old)]
    const { world } = await restored(['one'], { standing, spec: { existingResourcePolicy: 'update' } })
    await world.clock.advance(5_000)
    await patch(world, 'one', { data: { z: 'theirs' } })
    const result = await undo(world)
    expect(result).toMatchObject({ putBack: 0, kept: 1 })
    expect(result.keptFirst[0]?.because).toMatch(/^kubectl-edit has changed it since/)
    expect(world.cluster.look(at('configmaps', 'one'))?.['data']).toEqual({ a: '1', b: '2', z: 'theirs' })
  })

  it('keeps what stands in the place of an object that the restore has deleted, and that alone', async () => {
    const standing = [{ ...namespace, metadata: { name: 'shop', ...old } }, settingsMap('one', { a: 'mine' }, old)]
    const annotations = { 'drydock.io/existing': 'recreate' }
    const { world } = await restored(['one', 'two'], { standing, annotations, before: startGarbageCollector })
    const result = await undo(world)
    expect(result).toMatchObject({ deleted: 1, kept: 1 })
    expect(result.keptFirst).toEqual([
      {
        object: 'configmaps shop/one',
        because: 'the restore deleted what stood in its place, which cannot be brought back',
      },
    ])
    expect(world.cluster.look(at('configmaps', 'one'))?.['data']).toEqual({ a: '1', b: '2' })
    expect(world.cluster.look(at('configmaps', 'two'))).toBeUndefined()
  })

  it('does not count a status as a change', async () => {
    const pod: Manifest = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'web', namespace: 'shop' },
      spec: { containers: [{ name: 'app', image: 'example.com/app:1' }] },
    }
    const { world, before } = await restored([], { items: { namespaces: [namespace], pods: [pod] } })
    await world.clock.advance(5_000)
    expect(world.cluster.look(at('pods', 'web'))?.['status']).toMatchObject({ phase: 'Running' })
    await undo(world)
    await world.clock.advance(60_000)
    expect(dumpOf(world)).toEqual(before)
  })

  it('tells what it would do, and changes nothing in the cluster', async () => {
    const { world } = await restored(['one', 'two'])
    const before = dumpOf(world)
    expect(await undo(world, { dryRun: true })).toMatchObject({ deleted: 3, kept: 0 })
    expect(dumpOf(world)).toEqual(before)
    expect(stateOf(world)).toBeUndefined()
  })

  it('tells what it came to on the Restore and in the bucket', async () => {
    const { world } = await restored(['one'])
    await undo(world)
    expect(stateOf(world)).toMatch(/^done, 20\d\d-.*Z, 2 deleted, 0 put back, 0 kept, 0 gone before$/)
    const file = world.buckets.objects('backups').get(restoreUndoKey('again')) ?? ''
    expect(JSON.parse(gunzipSync(file).toString('utf8'))).toMatchObject({
      state: 'done',
      objects: [
        { object: 'namespaces shop', do: 'delete' },
        { object: 'configmaps shop/one', do: 'delete' },
      ],
    })
    const page = world.buckets.objects('backups').get('restores/again/restore-again-undo.html')?.toString('utf8') ?? ''
    expect(page).toContain('2 objects deleted, 0 objects put back. It has done all that it could.')
  })

  it('tells on the Restore and in an Event that it was stopped, also where its journal was lost meanwhile', async () => {
    const { world } = await restored(['one'])
    await undo(world, { afterPlan: () => Promise.reject(new Error('stop here')) }).catch(() => undefined)
    expect(stateOf(world)).toMatch(/^begun, /)
    dropJournal(world)
    await act(world, 'endUndo', { ref: undone(world), stopped: 'its journal is gone' })
    const words = /its journal is gone; how far it came is not known: .*journal of restore again .*has no admission/
    expect(stateOf(world)).toMatch(/^stopped, /)
    expect(stateOf(world)).toMatch(words)
    const events = world.cluster.objects().filter(({ kind }) => kind === 'Event')
    expect(events.find((one) => one['reason'] === 'UndoStopped')?.['note']).toMatch(words)
    expect(world.buckets.objects('backups').has(restoreUndoKey('again'))).toBe(false)
  })

  it('that was stopped is not begun again by a run that goes on', async () => {
    const { world } = await restored(['one'])
    const { location: _location, ...ref } = undone(world)
    await act(world, 'admitUndo', { ref, dryRun: false })
    await act(world, 'endUndo', { ref: undone(world), stopped: 'cancelled: enough' })
    await act(world, 'admitUndo', { ref, dryRun: false, goesOn: true })
    expect(stateOf(world)).toMatch(/^stopped, .*, cancelled: enough; 0 deleted/)
    await act(world, 'admitUndo', { ref, dryRun: false })
    expect(stateOf(world)).toMatch(/^begun, /)
  })

  it('is not told as done where its journal was lost', async () => {
    const { world } = await restored(['one'])
    await undo(world, { afterPlan: () => Promise.reject(new Error('stop here')) }).catch(() => undefined)
    dropJournal(world)
    await expect(act(createWorld(world.state()), 'endUndo', { ref: undone(world) })).rejects.toThrow(/has no admission/)
    expect(stateOf(world)).toMatch(/^begun, /)
  })

  it('waits a bounded time for a custom object whose finalizer holds it, and names both', async () => {
    const { world } = await restored(['one'])
    const held = world.cluster.look(at('configmaps', 'one'))!
    await undo(world)
    const metadata = {
      ...held.metadata,
      deletionTimestamp: rfc3339(world.clock.now()),
      finalizers: ['example.com/end'],
    }
    world.cluster.place({ ...held, metadata })
    const wait = (sinceMs: number) =>
      act(world, 'awaitCustom', { ref: undone(world), kinds: ['configmaps'], sinceMs, look: { told: '' } })
    const name = 'configmaps shop/one (held by finalizer example.com/end)'
    expect(await wait(world.clock.now().getTime())).toMatchObject({
      waitingFor: `the end of ${name}, before what may be their operator is deleted`,
    })
    expect(await wait(0)).toEqual({ left: [name] })
  })
})

describe('an undo is refused with one sentence', () => {
  it('where the restore is not over', async () => {
    const { world } = await restored(['one'])
    inPhase(world, 'InProgress')
    await expect(undo(world)).rejects.toThrow(
      'Restore "again" is not over: its phase is InProgress; wait for its end or cancel it, then undo it',
    )
  })

  it('where the restore was undone', async () => {
    const { world } = await restored(['one'])
    await undo(world)
    await expect(undo(world)).rejects.toThrow(/^admitUndo: Restore "again" was undone already, at 20/)
  })

  it('where the journal is gone, and nothing is touched', async () => {
    const { world } = await restored(['one'])
    const before = dumpOf(world)
    dropJournal(world)
    await expect(undo(world)).rejects.toThrow(/its journal is gone from backup location "default"/)
    expect(dumpOf(world)).toEqual(before)
  })
})
