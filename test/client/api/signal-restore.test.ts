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

describe('a restore that is over', () => {
  it('is neither cancelled nor paused', async () => {
    const { cluster, connections } = connectInMemory()
    const restore = placeRestore(cluster, { phase: 'Completed' })
    for (const asked of [cancelRestore(connections, restore, 'x'), pauseRestore(connections, restore, 'x')])
      await expect(asked).rejects.toMatchObject({ exitCode: 1, message: 'Restore "shop" is over already: Completed' })
  })
})
