import { describe, expect, it } from 'vitest'
import { cancelRestore, pauseRestore, resumeRestore } from '../../../client/api/signal-restore.ts'
import { cancelAnnotation, pauseAnnotation } from '../../../velero/labels.ts'
import { connectInMemory, placeRestore, shopRef } from './in-memory-connections.ts'

describe('while Temporal cannot be reached', () => {
  it('a restore is cancelled by an annotation', async () => {
    const { cluster, connections } = connectInMemory()
    const restore = placeRestore(cluster, { phase: 'InProgress' })
    expect(await cancelRestore(connections, restore, 'wrong backup')).toBe('annotation')
    expect(cluster.look(shopRef)?.metadata.annotations).toEqual({ [cancelAnnotation]: 'wrong backup' })
  })

  it('a Restore that has taken the name is not cancelled', async () => {
    const { cluster, connections } = connectInMemory()
    const restore = placeRestore(cluster, { phase: 'InProgress' }, { uid: 'one' })
    cluster.drop(shopRef)
    placeRestore(cluster, { phase: 'InProgress' }, { uid: 'two' })
    await expect(cancelRestore(connections, restore, 'wrong backup')).rejects.toMatchObject({ code: 422 })
    expect(cluster.look(shopRef)?.metadata.annotations).toBeUndefined()
  })

  it('a restore is paused by an annotation, and resumed by taking it away', async () => {
    const { cluster, connections } = connectInMemory()
    const restore = placeRestore(cluster, { phase: 'InProgress' })
    expect(await pauseRestore(connections, restore, 'lunch')).toBe('annotation')
    expect(cluster.look(shopRef)?.metadata.annotations).toEqual({ [pauseAnnotation]: 'lunch' })
    expect(await resumeRestore(connections, restore)).toBe('annotation')
    expect(cluster.look(shopRef)?.metadata.annotations ?? {}).toEqual({})
  })
})

describe('the undo of a restore', () => {
  const signalled = async (answer: () => Promise<void>, annotations: Record<string, string> = {}) => {
    const { cluster, connections } = connectInMemory()
    const ids: string[] = []
    const getHandle = (id: string) => ({ signal: () => (ids.push(id), answer()) })
    const temporal = async () => ({ reachable: true, client: { workflow: { getHandle } }, namespace: 'default' })
    const restore = placeRestore(cluster, { phase: 'Completed' }, { uid: 'one', annotations })
    const asked = cancelRestore({ ...connections, temporal } as never, restore, 'x')
    return { asked: await asked.catch((thrown: unknown) => thrown), ids }
  }

  it('is cancelled before it says on the Restore that it has begun', async () => {
    expect(await signalled(async () => {})).toEqual({ asked: 'signal', ids: ['undo/velero/shop/one'] })
  })

  it('is paused and resumed', async () => {
    const { cluster, connections } = connectInMemory()
    const sent: unknown[][] = []
    const getHandle = (id: string) => ({ signal: async (...signal: unknown[]) => void sent.push([id, ...signal]) })
    const temporal = async () => ({ reachable: true, client: { workflow: { getHandle } }, namespace: 'default' })
    const restore = placeRestore(cluster, { phase: 'Completed' }, { uid: 'one' })
    const reached = { ...connections, temporal } as never
    expect([await pauseRestore(reached, restore, 'lunch'), await resumeRestore(reached, restore)]).toEqual([
      'signal',
      'signal',
    ])
    const id = 'undo/velero/shop/one'
    expect(sent).toEqual([
      [id, 'pause', 'lunch'],
      [id, 'resume'],
    ])
    expect(cluster.look(shopRef)?.metadata.annotations).toBeUndefined()
  })

  it('is not there where Temporal knows none, and then the restore is over', async () => {
    const none = () => Promise.reject(Object.assign(new Error('none'), { name: 'WorkflowNotFoundError' }))
    expect((await signalled(none)).asked).toMatchObject({ code: 'RESTORE_OVER' })
  })

  it('is not asked where it is done', async () => {
    const done = { 'drydock.io/undone': 'done, 2026-01-01T00:00:00Z, 2 deleted' }
    expect((await signalled(async () => {}, done)).ids).toEqual([])
  })
})

describe('a restore that is over', () => {
  it('is neither cancelled nor paused', async () => {
    const { cluster, connections } = connectInMemory()
    const restore = placeRestore(cluster, { phase: 'Completed' })
    for (const asked of [cancelRestore(connections, restore, 'x'), pauseRestore(connections, restore, 'x')])
      await expect(asked).rejects.toMatchObject({ exitCode: 1, message: 'Restore "shop" is over already: Completed' })
  })
})
