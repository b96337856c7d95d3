import '../../ports/deterministic.ts'
import { describe, expect, it } from 'vitest'
import type { LockRequest } from '../../../core/locks/decide-grants.ts'
import { anObject } from '../../core/items/builders.ts'
import type { World } from '../../ports/world.ts'
import { at, configMap, hosting, item } from '../hosting-plugins.ts'
import { restoreWhole } from '../restore-whole.ts'
import { keepLocks, own } from './keep-locks.ts'

describe('an item that a plugin wants in a namespace that the plan does not have', () => {
  const other = { ...own, workflowId: 'other', restore: 'velero/other', uid: 'other', namespaces: ['aside'] }
  const far = at('configmaps', 'far', 'aside')

  type Beside = { holder?: LockRequest } & Partial<Parameters<typeof restoreWhole>[0]>
  type Hold = (locks: ReturnType<typeof keepLocks>, world: World) => void

  /** The restore, while another one holds that namespace: `holder`. `hold` says for how long. */
  async function restoreBeside(hold: Hold, { holder = other, ...more }: Beside = {}) {
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
      afterPlan: (world) => hold(keepLocks(world, holder), world),
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
      [...world.buckets.objects('backups').keys()].filter((key) => !key.includes('/waits/') && key.includes('/wider/')),
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

  it('asks once in each look for all items that plugins want there', async () => {
    const names = Array.from({ length: 20 }, (_, n) => `a${n}`)
    const { plugins } = hosting((name) => ({
      additionalItems: names.includes(name) ? [item('configmaps', `far-${name}`, 'aside')] : [],
    }))
    const asked: string[][] = []
    const { list } = await restoreWhole({
      items: {
        configmaps: names.flatMap((name) => [
          anObject('ConfigMap', name, { namespace: 'shop', labels: { app: 'web' } }),
          configMap(`far-${name}`, 'aside'),
        ]),
      },
      spec: { labelSelector: { matchLabels: { app: 'web' } } },
      plugins,
      afterPlan: (world) => {
        const locks = keepLocks(world, other)
        world.clock.later(60_000, () => locks.release(other))
      },
      faults:
        (attempt) =>
        (_n, { port, name, on }) => {
          if (port === 'temporal' || on.includes('/wider/')) (asked[attempt] ??= []).push(name)
          return undefined
        },
    })
    expect(list['v1/ConfigMap']).toHaveLength(40)
    const [, first, ...later] = asked
    expect(first?.filter((name) => name !== 'get')).toEqual(['query', 'signalWithStart', 'query', 'put'])
    expect(later.length).toBeGreaterThan(5)
    for (const calls of later) expect(calls.filter((name) => name === 'query')).toHaveLength(1)
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
    let locks: ReturnType<typeof keepLocks> | undefined
    const { world, results, list } = await restoreBeside((now) => (locks = now), {
      holder: { ...other, ...holder },
      settings: { lockTimeoutSeconds: 600 },
    })
    // Else it would get the namespace later, and keep others from it.
    expect(locks?.now().holders.find(({ workflowId }) => workflowId === own.workflowId)).toEqual(own)
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
