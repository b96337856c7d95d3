import '../../ports/deterministic.ts'
import { describe, expect, it } from 'vitest'
import type { Plugins } from '../../../activities/ports.ts'
import type { PluginAnswer, PluginInput } from '../../../core/actions/plugin-action.ts'
import { PluginError } from '../../../core/port-errors.ts'
import type { Manifest } from '../../../velero/manifest.ts'
import type { ItemAddress } from '../../../velero/resource.ts'
import { anObject } from '../../core/items/builders.ts'
import type { World } from '../../ports/world.ts'
import { restoreWhole } from '../restore-whole.ts'
import { keepLocks, own } from '../locks/keep-locks.ts'

type Answer = Partial<PluginAnswer>

/** A plugin with one action for ConfigMaps, which labels what it answers about. */
function hosting(answer: (name: string, input: PluginInput) => Answer, more: Partial<Plugins> = {}) {
  const asked: string[] = []
  const plugins: Plugins = {
    restoreItemActions: async () => [{ name: 'example.io/label', version: 2 }],
    appliesTo: async () => ({
      includedNamespaces: [],
      excludedNamespaces: [],
      includedResources: ['cm'],
      excludedResources: [],
      labels: '',
    }),
    async execute(_action, input) {
      const { name } = input.item.metadata
      asked.push(name)
      const item = { ...input.item, metadata: { ...input.item.metadata, labels: { plugged: 'true' } } }
      const none = { skip: false, operationId: '', additionalItems: [], waits: false, readySeconds: 0 }
      return { item, ...none, ...answer(name, input) }
    },
    areItemsReady: async () => true,
    progress: async () => ({
      completed: true,
      error: '',
      nCompleted: 1,
      nTotal: 1,
      units: 'steps',
      description: 'done',
    }),
    cancel: async () => undefined,
    ...more,
  }
  return { plugins, asked }
}

const configMap = (name: string, namespace = 'shop'): Manifest => anObject('ConfigMap', name, { namespace })
const secret = (name: string): Manifest => anObject('Secret', name, { namespace: 'shop' }, { type: 'Opaque' })
const at = (resource: string, name: string, namespace = 'shop') => ({
  group: '',
  version: 'v1',
  resource,
  namespace,
  name,
})
const item = (groupResource: string, name: string, namespace = 'shop'): ItemAddress => ({
  groupResource,
  namespace,
  name,
})

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

  describe('and wants an item of a namespace that the plan does not have', () => {
    const other = { ...own, workflowId: 'other', restore: 'velero/other', uid: 'other', namespaces: ['aside'] }
    const far = at('configmaps', 'far', 'aside')

    /** The restore, while another one holds that namespace. `hold` says for how long, and what that one wants. */
    async function restoreBeside(hold: (locks: ReturnType<typeof keepLocks>, world: World) => void, more: object = {}) {
      const { plugins, asked } = hosting((name) => ({
        additionalItems: name === 'a' ? [item('configmaps', 'far', 'aside')] : [],
      }))
      const restored = await restoreWhole({
        items: {
          configmaps: [
            anObject('ConfigMap', 'a', { namespace: 'shop', labels: { app: 'web' } }),
            configMap('far', 'aside'),
          ],
        },
        spec: { labelSelector: { matchLabels: { app: 'web' } } },
        plugins,
        afterPlan: (world) => hold(keepLocks(world, other), world),
        ...more,
      })
      return { ...restored, asked }
    }

    it('waits while another restore writes there, and the plugin is not asked again meanwhile', async () => {
      const seen: unknown[] = []
      const { world, list, asked, results } = await restoreBeside((locks, now) =>
        now.clock.later(600_000, () => {
          seen.push(now.cluster.look(far))
          locks.release(other)
        }),
      )
      expect(seen).toEqual([undefined])
      expect(list['v1/ConfigMap']).toEqual(['aside/far(created)', 'shop/a(created)'])
      expect([results.errors, asked]).toEqual([{}, ['a', 'far']])
      expect(
        [...world.buckets.objects('backups').keys()].filter(
          (key) => !key.includes('/waits/') && key.includes('/wider/'),
        ),
      ).toHaveLength(1)
    })

    it('comes to the same end wherever the worker dies', async () => {
      for (let death = 1; death <= 24; death++) {
        const { list, results } = await restoreBeside(
          (locks, now) => now.clock.later(20_000, () => locks.release(other)),
          { faults: (attempt: number) => (n: number) => (attempt === 1 && n === death ? 'death' : undefined) },
        )
        expect({ death, list: list['v1/ConfigMap'], errors: results.errors }).toEqual({
          death,
          list: ['aside/far(created)', 'shop/a(created)'],
          errors: {},
        })
      }
    })

    it.each([
      [
        'older and waits for this one in turn',
        { createdAt: '2025-01-01T00:00:00Z', wants: ['shop'] },
        'Restore velero/other, which restores into namespace aside and waits for this restore in turn',
      ],
      [
        'there for longer than restores wait',
        {},
        'gave up after 10m0s (DRYDOCK_LOCK_TIMEOUT) of waiting for Restore velero/other, which restores into namespace aside',
      ],
    ])('goes without it, with an error that says why, where the other one is %s', async (_what, holder, why) => {
      const { plugins } = hosting((name) => ({
        additionalItems: name === 'a' ? [item('configmaps', 'far', 'aside')] : [],
      }))
      const { world, results, list } = await restoreWhole({
        items: {
          configmaps: [
            anObject('ConfigMap', 'a', { namespace: 'shop', labels: { app: 'web' } }),
            configMap('far', 'aside'),
          ],
        },
        spec: { labelSelector: { matchLabels: { app: 'web' } } },
        plugins,
        settings: { lockTimeoutSeconds: 600 },
        afterPlan: (now) => void keepLocks(now, { ...other, ...holder }),
      })
      expect(results.errors).toEqual({
        namespaces: {
          aside: [
            `resources/configmaps/namespaces/aside/far.json is wanted by an action of a plugin and is not restored: ${why}`,
          ],
        },
      })
      expect(list['v1/ConfigMap']).toEqual(['shop/a(created)'])
      expect(world.cluster.look(far)).toBeUndefined()
    })
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
