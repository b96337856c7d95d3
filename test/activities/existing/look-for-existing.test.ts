import '../../ports/deterministic.ts'
import { describe, expect, it } from 'vitest'
import type { Manifest } from '../../../velero/manifest.ts'
import { createWorld } from '../../ports/world.ts'
import type { World } from '../../ports/world.ts'
import { existing, placeOlder } from '../crash/recreated.ts'
import { changed, chunkOf, create, ref, settings, worldAt } from '../crash/restore-in-memory.ts'
import { runAttempts } from '../crash/run-attempts.ts'

const run = (world: World, activity: string, input: unknown) =>
  runAttempts({ world, create, settings, activity, input })
const place = (kind: string, name: string, more: object = {}) => ({
  apiVersion: 'v1',
  kind,
  metadata: { name, namespace: 'shop', creationTimestamp: '2025-01-01T00:00:00Z' },
  ...more,
})

/** Looks in a world where these stand; the sentence of the failed restore, or undefined. */
async function lookIn(value: string, standing: readonly Manifest[]): Promise<string | undefined> {
  const planned = changed(worldAt('planned', existing(value)), ({ cluster }) => {
    for (const one of standing) cluster.place(one)
  })
  const { outcome } = await run(createWorld(await planned), 'lookForExisting', { ref })
  return 'failure' in outcome ? outcome.failure.message : undefined
}

describe('objects that must not exist', () => {
  it('end the restore before it writes, with their number and the first of them', async () => {
    const names = ['new', 'same', 'other']
    const standing = [
      ...names.map((name) => place('ConfigMap', name)),
      place('Secret', 'token'),
      place('ServiceAccount', 'builder'),
      place('Pod', 'web'),
      place('ConfigMap', 'of-nobody'),
    ]
    expect(await lookIn('fail', standing)).toBe(
      '6 objects exist (configmaps/shop/new, configmaps/shop/other, configmaps/shop/same, pods/shop/web, ' +
        'secrets/shop/token and 1 more) and must not (annotation drydock.io/existing); nothing was restored',
    )
    expect(await lookIn('secrets=fail', standing)).toBe(
      '1 object exists (secrets/shop/token) and must not (annotation drydock.io/existing); nothing was restored',
    )
  })

  it.each([
    ['under another policy', 'configmaps=fail,*=update', [place('Secret', 'token')]],
    ['that are not in the backup', 'fail', [place('ConfigMap', 'of-nobody')]],
    [
      'in other namespaces',
      'fail',
      [{ ...place('ConfigMap', 'same'), metadata: { name: 'same', namespace: 'default' } }],
    ],
    ['that cannot be read in the backup', 'fail', [place('ConfigMap', 'broken')]],
  ])('are none %s', async (_which, value, standing) => {
    expect(await lookIn(value, standing)).toBeUndefined()
  })

  it('are looked for once in a run: what stands there later is an error of its item', async () => {
    const world = createWorld(await worldAt({ before: 'configmaps' }, existing('fail')))
    await run(world, 'lookForExisting', { ref })
    placeOlder(world, 'other')
    expect((await run(world, 'lookForExisting', { ref })).outcome).not.toHaveProperty('failure')
    const { outcome } = await run(world, 'restoreChunk', chunkOf('configmaps'))
    expect(outcome).toMatchObject({ result: { failed: 1 } })
  })

  it('are not what this restore has made itself', async () => {
    const world = createWorld(await worldAt('restored', existing('fail')))
    expect((await run(world, 'lookForExisting', { ref })).outcome).not.toHaveProperty('failure')
  })
})
