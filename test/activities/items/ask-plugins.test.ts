import '../../ports/deterministic.ts'
import { describe, expect, it } from 'vitest'
import { PluginError } from '../../../core/port-errors.ts'
import type { Manifest } from '../../../velero/manifest.ts'
import { anObject } from '../../core/items/builders.ts'
import { restoreWhole } from '../restore-whole.ts'
import { keepLocks } from '../locks/keep-locks.ts'
import { at, configMap, hosting, item } from '../hosting-plugins.ts'
import type { Answer } from '../hosting-plugins.ts'

const secret = (name: string): Manifest => anObject('Secret', name, { namespace: 'shop' }, { type: 'Opaque' })
describe('an item whose action belongs to a plugin', () => {
  it('is restored as the plugin answers, after the items that it wants, also those of later waves', async () => {
    const order: string[] = []
    const { plugins, asked } = hosting((name) => ({
      additionalItems: name === 'a' ? [item('services', 'late'), item('configmaps', 'b'), item('secrets', 'gone')] : [],
    }))
    const { world, results, list } = await restoreWhole({
      items: {
        configmaps: [configMap('a'), configMap('b')],
        services: [anObject('Service', 'late', { namespace: 'shop' }, { spec: {} })],
      },
      plugins,
      afterWave: ({ groupResource, world: now }) => {
        if (groupResource === 'configmaps')
          order.push(now.cluster.look(at('services', 'late'))?.metadata.name ?? 'absent')
      },
    })
    expect(order).toEqual(['late'])
    expect(asked.toSorted()).toEqual(expect.arrayContaining(['a', 'b']))
    expect(world.cluster.look(at('configmaps', 'a'))?.metadata.labels).toMatchObject({ plugged: 'true' })
    expect(results.warnings).toEqual({
      namespaces: { shop: ['stat resources/secrets/namespaces/shop/gone.json: no such file or directory'] },
    })
    expect(results.errors).toEqual({})
    expect(list['v1/Service']).toEqual(['shop/late(created)'])
    expect(list['v1/ConfigMap']).toEqual(['shop/a(created)', 'shop/b(created)'])
  })

  it('brings an item of an excluded namespace only where the plugin says that it must be included', async () => {
    const bringing = async (annotations: Record<string, string>) => {
      const { plugins } = hosting((name, { item: { metadata, ...rest } }) => ({
        item: { ...rest, metadata: { ...metadata, annotations } },
        additionalItems: name === 'a' ? [item('configmaps', 'far', 'aside')] : [],
      }))
      const { world } = await restoreWhole({
        items: { configmaps: [configMap('a'), configMap('far', 'aside')] },
        spec: { includedNamespaces: ['shop'] },
        plugins,
        afterPlan: (now) => keepLocks(now),
      })
      expect(world.cluster.look(at('configmaps', 'a'))?.metadata.annotations ?? {}).toEqual({})
      return world.cluster.look(at('configmaps', 'far', 'aside')) !== undefined
    }
    expect(await bringing({})).toBe(false)
    expect(await bringing({ 'restore.velero.io/must-include-additional-items': 'true' })).toBe(true)
  })

  it('ends where two items want each other', async () => {
    const { plugins } = hosting((name) => ({ additionalItems: [item('configmaps', name === 'a' ? 'b' : 'a')] }))
    const { list } = await restoreWhole({ items: { configmaps: [configMap('a'), configMap('b')] }, plugins })
    expect(list['v1/ConfigMap']).toEqual(['shop/a(created)', 'shop/b(created)'])
  })

  it.each<[string, Answer | Error, string]>([
    [
      'an error',
      new PluginError('answer', 'rpc error: code = Unknown desc = no'),
      'error preparing configmaps/shop/a: rpc error: code = Unknown desc = no',
    ],
    [
      'no name',
      { item: { apiVersion: 'v1', kind: 'ConfigMap', metadata: {} } },
      'error preparing configmaps/shop/a: plugin example.io/label has answered Execute with an object without a name',
    ],
    [
      'no object',
      { item: [] },
      'error preparing configmaps/shop/a: plugin example.io/label has answered Execute with an item that is no JSON object',
    ],
  ])('fails with %s, and the others do not', async (_what, bad, text) => {
    const { plugins } = hosting((name) => {
      if (name !== 'a') return {}
      if (bad instanceof Error) throw bad
      return bad
    })
    const { results, list } = await restoreWhole({ items: { configmaps: [configMap('a'), configMap('b')] }, plugins })
    expect(results.errors).toEqual({ namespaces: { shop: [text] } })
    expect(list['v1/ConfigMap']).toEqual(['shop/a(failed)', 'shop/b(created)'])
  })

  it('waits until its additional items are ready, and is asked for no second answer meanwhile', async () => {
    let looks = 0
    const { plugins, asked } = hosting(() => ({ waits: true, additionalItems: [item('secrets', 's')] }), {
      areItemsReady: async () => ++looks > 6,
    })
    const { list, results } = await restoreWhole({
      items: { configmaps: [configMap('a')], secrets: [secret('s')] },
      plugins,
    })
    expect([results.errors, looks, asked]).toEqual([{}, 7, ['a']])
    expect(list['v1/ConfigMap']).toEqual(['shop/a(created)'])
  })

  it('is restored with an error where they never are ready', async () => {
    const { plugins } = hosting(() => ({ waits: true, readySeconds: 20 }), { areItemsReady: async () => false })
    const { list, results } = await restoreWhole({ items: { configmaps: [configMap('a')] }, plugins })
    expect(results.errors).toEqual({
      namespaces: { shop: ['additional items for configmaps/shop/a are not ready to use'] },
    })
    expect(list['v1/ConfigMap']).toEqual(['shop/a(created)'])
  })

  it('begins one operation wherever the worker dies', async () => {
    for (let death = 1; death <= 16; death++) {
      let begun = 0
      const { plugins } = hosting(() => ({ operationId: `op-${++begun}` }))
      const { operations, list } = await restoreWhole({
        items: { configmaps: [configMap('a')] },
        plugins,
        faults: (attempt) => (n) => (attempt === 1 && n === death ? 'death' : undefined),
      })
      expect({ death, operations }).toEqual({
        death,
        operations: { attempted: 1, completed: 1, failed: 0, unfinished: 0 },
      })
      expect(list['v1/ConfigMap']).toEqual(['shop/a(created)'])
    }
  })
})

describe('a restore with plugins', () => {
  it('restores nothing where one cannot say what it applies to, and fails where one cannot be used', async () => {
    const refuse = async (): Promise<never> => {
      throw new PluginError('binary', 'plugin /plugins/bad cannot be used: it is no plugin of Velero')
    }
    const items = { configmaps: [configMap('a')] }
    const mute = await restoreWhole({ items, plugins: hosting(() => ({}), { appliesTo: refuse }).plugins })
    expect(mute.results.errors).toEqual({
      velero: ['plugin /plugins/bad cannot be used: it is no plugin of Velero'],
    })
    expect(mute.list).toEqual({})
    const broken = restoreWhole({ items, plugins: hosting(() => ({}), { restoreItemActions: refuse }).plugins })
    await expect(broken).rejects.toThrow(
      'error getting restore item actions: plugin /plugins/bad cannot be used: it is no plugin of Velero',
    )
  })
})
