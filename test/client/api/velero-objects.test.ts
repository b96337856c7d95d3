import { describe, expect, it } from 'vitest'
import { deleteRestore, nearestNames, notFoundError, selectRestores } from '../../../client/api/velero-objects.ts'
import { connectInMemory, placeRestore, shopRef } from './in-memory-connections.ts'

describe('the Restores that are meant', () => {
  const memory = connectInMemory()
  for (const name of ['shop', 'full', 'many']) placeRestore(memory.cluster, {}, { name })
  const select = async (...names: string[]) =>
    (await selectRestores(memory.connections, { names })).map(({ metadata }) => metadata.name)

  it('are those that are named, once each and in that order', async () => {
    expect(await select('many', 'shop', 'many')).toEqual(['many', 'shop'])
  })

  it('are all without a name', async () => {
    expect((await select()).sort()).toEqual(['full', 'many', 'shop'])
  })

  it('are none where one name is wrong', async () => {
    await expect(select('shop', 'mani')).rejects.toMatchObject({ exitCode: 6 })
  })

  it('are not chosen twice', async () => {
    const both = selectRestores(memory.connections, { names: ['shop'], selector: 'a=b' })
    await expect(both).rejects.toMatchObject({ exitCode: 2 })
  })

  it('are deleted unless another one has taken the name', async () => {
    const { cluster, connections } = connectInMemory()
    const first = placeRestore(cluster, {}, { uid: 'one' })
    cluster.drop(shopRef)
    placeRestore(cluster, {}, { uid: 'two' })
    await expect(deleteRestore(connections, first)).rejects.toMatchObject({ code: 409 })
    await deleteRestore(connections, { ...first, metadata: { ...first.metadata, uid: 'two' } })
    expect(cluster.look(shopRef)).toBeUndefined()
  })
})

describe('the nearest names', () => {
  it.each([
    ['shpo', ['shop', 'full', 'bulk5k'], ['shop']],
    ['bulk', ['bulk5k', 'shop'], ['bulk5k']],
    ['shop-1', ['shop-2', 'shop-1a', 'other'], ['shop-1a', 'shop-2']],
    ['zzzzzz', ['shop', 'full'], []],
    ['a', [], []],
  ])('to %s among %j are %j', (wanted, names, nearest) => {
    expect(nearestNames(wanted, names)).toEqual(nearest)
  })

  it('stand in the error about a name that is not there', () => {
    const error = notFoundError('backup', 'shpo', { namespace: 'velero', names: ['shop', 'full'] })
    expect(error.message).toBe('No such backup "shpo" in namespace velero; did you mean "shop"?')
    expect(error.exitCode).toBe(6)
  })
})
