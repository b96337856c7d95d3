import { describe, expect, it } from 'vitest'
import type { Access, ActingUser } from '../../../core/asked/acting-user.ts'
import { anObject } from '../../core/items/builders.ts'
import { backupRepository } from '../../../core/volumes/backup-repository.ts'
import { resourceUsageLabel, restoreUidLabel } from '../../../velero/labels.ts'
import { startControllers } from '../../ports/controllers.ts'
import { createWorld } from '../../ports/world.ts'
import type { World } from '../../ports/world.ts'
import { checkRights } from '../../../activities/plan/check-rights.ts'
import { act, chunkOf, ref, waves, worldAt } from '../crash/restore-in-memory.ts'
import { restoreWhole } from '../restore-whole.ts'

const inShop = (kind: string, name: string) => anObject(kind, name, { namespace: 'shop' })
const items = {
  configmaps: [inShop('ConfigMap', 'one')],
  secrets: [inShop('Secret', 'key'), inShop('Secret', 'other')],
}
const role = { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'Role', rules: [] }
const location = { apiVersion: 'velero.io/v1', kind: 'BackupStorageLocation', spec: {} }
const repository = {
  ...backupRepository({ namespace: 'shop', location: 'default', type: 'kopia' }, 'velero'),
  status: { phase: 'Ready' },
}
const isOrder = (kind: string, { [restoreUidLabel]: uid, [resourceUsageLabel]: usage }: Record<string, string> = {}) =>
  uid !== undefined && (usage === 'DataUpload' || /^(?:DataDownload|PodVolumeRestore)$/.test(kind))
const asAlice = { 'drydock.io/impersonate-user': 'alice', 'drydock.io/impersonate-groups': 'shopkeepers, readers' }

describe('a restore that is made as somebody else', () => {
  it('writes all of its objects and their namespace as that user, and the Restore as the worker', async () => {
    const { world, list } = await restoreWhole({ items, annotations: asAlice })
    expect(Object.keys(list)).toEqual(['v1/ConfigMap', 'v1/Namespace', 'v1/Secret'])
    expect([...new Set(world.cluster.writtenAs)]).toEqual(
      expect.arrayContaining([
        'alice: create namespaces shop',
        'alice: create configmaps shop/one',
        'alice: create secrets shop/key',
      ]),
    )
    expect(world.cluster.writtenAs.filter((write) => /restores|events/.test(write))).toEqual([])
  })

  it('writes items as that user in the namespace of Velero too, and items that are resources of Velero', async () => {
    const { world, results } = await restoreWhole({
      items: {
        configmaps: [anObject('ConfigMap', 'one', { namespace: 'velero' })],
        'roles.rbac.authorization.k8s.io': [{ ...role, metadata: { name: 'all', namespace: 'velero' } }],
        'backupstoragelocations.velero.io': [{ ...location, metadata: { name: 'other', namespace: 'velero' } }],
      },
      annotations: asAlice,
    })
    expect(results.errors).toEqual({})
    const creates = world.cluster.writtenAs.filter((write) => / create .* velero\//.test(write)).toSorted()
    expect(creates).toEqual([
      'alice: create backupstoragelocations velero/other',
      'alice: create configmaps velero/one',
      'alice: create roles velero/all',
    ])
  })

  it('orders the filling of volumes as the worker: the user needs no rights in the namespace of Velero', async () => {
    const world = createWorld(await worldAt('planned', { annotations: asAlice, standing: [repository] }))
    startControllers(world)
    for (const wave of waves) await act(world, 'restoreChunk', chunkOf(wave))
    const orders = world.cluster.objects().filter(({ kind, metadata: { labels } }) => isOrder(kind, labels))
    expect(orders.map(({ kind }) => kind).toSorted()).toEqual(['ConfigMap', 'DataDownload', 'PodVolumeRestore'])
    await act(world, 'awaitPodVolumes', { ref, waves: [waves.indexOf('pods')] })
    await act(world, 'pollOperations', { ref, until: 'end', failed: 0 })
    await act(world, 'concludeRestore', { ref, complete: true })
    await act(world, 'setPhase', { ref, phase: 'FinalizingPartiallyFailed' })
    await act(world, 'finalizeRestore', { ref, task: 'clean-up' })
    const left = world.cluster.objects().filter(({ kind, metadata: { labels } }) => isOrder(kind, labels))
    expect(left.map(({ kind }) => kind)).not.toContain('ConfigMap')
    expect(world.cluster.writtenAs.filter((write) => write.includes(' velero/'))).toEqual([])
    expect(world.cluster.writtenAs).toContain('alice: create persistentvolumeclaims shop/moved')
  })

  it('asks for each right of the plan, as a whole first, with the groups of the user', async () => {
    const asked: [ActingUser, Access][] = []
    const before = ({ cluster }: World) => {
      cluster.mayDo = (user, what) => {
        asked.push([user, what])
        return what.verb !== '*' && (what.namespace !== undefined || what.resource === 'namespaces')
      }
    }
    await restoreWhole({ items, annotations: asAlice, before })
    expect(asked[0]).toEqual([
      { user: 'alice', groups: ['shopkeepers', 'readers'] },
      { verb: '*', group: '*', resource: '*' },
    ])
    const texts = asked.map(([, { verb, resource, namespace = 'everywhere' }]) => `${verb} ${resource} ${namespace}`)
    expect(texts.slice(1).toSorted()).toEqual([
      'create configmaps everywhere',
      'create configmaps shop',
      'create namespaces everywhere',
      'create secrets everywhere',
      'create secrets shop',
      'patch configmaps everywhere',
      'patch configmaps shop',
      'patch secrets everywhere',
      'patch secrets shop',
    ])
  })

  it('ends before it writes anything where a right is missing, and names the items', async () => {
    let written: readonly string[] = ['never read']
    const before = ({ cluster }: World) => {
      cluster.mayDo = (_, { verb, resource }) => verb === 'create' && resource !== 'secrets'
      written = cluster.writtenAs
    }
    await expect(restoreWhole({ items, annotations: asAlice, before })).rejects.toThrow(
      'user alice may not create secrets in namespace shop (2 items, the first is secrets/shop/key); ' +
        'patch secrets in namespace shop (2 items, the first is secrets/shop/key); ' +
        'patch configmaps in namespace shop (configmaps/shop/one): nothing was written in this run',
    )
    expect(written).toEqual([])
  })

  it('asks for the right to run commands, as a part of pods, where the Restore has hooks', async () => {
    const asked: Access[] = []
    const before = ({ cluster }: World) => {
      cluster.mayDo = (_, what) => {
        asked.push(what)
        return what.verb !== '*' && what.subresource === undefined
      }
    }
    const spec = { hooks: { resources: [{ name: 'warm up', postHooks: [{ exec: { command: ['true'] } }] }] } }
    const pod = { ...inShop('Pod', 'web'), spec: { containers: [{ name: 'app', image: 'app' }] } }
    await expect(restoreWhole({ items: { pods: [pod] }, annotations: asAlice, before, spec })).rejects.toThrow(
      'user alice may not create pods/exec in namespace shop (pods/shop/web); get pods/exec in namespace shop (pods/shop/web): nothing',
    )
    expect(asked).toContainEqual({ verb: 'get', group: '', resource: 'pods', subresource: 'exec' })
  })

  it('asks nothing more once it is cancelled', async () => {
    const stopped = new Error('cancelled')
    let asked = 0
    const { cluster } = createWorld()
    cluster.mayDo = () => {
      asked++
      return false
    }
    const secrets = Array.from({ length: 100 }, (_, index) => ({ name: 'key', target: `shop-${index}` }))
    const plan = {
      etag: '',
      provisioned: [],
      notes: [],
      waves: [{ groupResource: 'secrets', chunks: [{ items: secrets }] }],
    }
    const admission = { restore: { annotations: asAlice, namespace: 'velero' }, spec: {} }
    const checking = {
      session: { admission, journal: { read: () => Promise.resolve(undefined) } },
      ports: { cluster: cluster.connect() },
      settings: { actingUser: undefined },
      attempt: {
        throwIfStopped: () => {
          if (asked >= 3) throw stopped
        },
      },
    }
    await expect(checkRights(plan, checking as unknown as Parameters<typeof checkRights>[1])).rejects.toBe(stopped)
    expect(asked).toBeLessThan(20)
  })

  it('is made as the user of the worker where that has one, and refused where the Restore names another one', async () => {
    const ofWorker = { settings: { actingUser: { user: 'restorer', groups: [] } } }
    const { world } = await restoreWhole({ items, ...ofWorker })
    expect(world.cluster.writtenAs).toContain('restorer: create secrets shop/key')
    let seen: World | undefined
    const before = (started: World) => void (seen = started)
    await expect(restoreWhole({ items, annotations: asAlice, before, ...ofWorker })).rejects.toThrow()
    expect(seen?.cluster.writtenAs).toEqual([])
    const restore = { group: 'velero.io', version: 'v1', resource: 'restores', namespace: 'velero', name: 'again' }
    expect(seen?.cluster.look(restore)?.['status']).toMatchObject({
      phase: 'FailedValidation',
      validationErrors: [expect.stringContaining('this worker restores as user "restorer" alone')],
    })
  })

  it('needs no right to create a namespace that is there', async () => {
    const standing = [{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } }]
    const before = ({ cluster }: World) => {
      cluster.mayDo = (_, { verb, resource }) => verb !== '*' && resource !== 'namespaces'
    }
    const { list } = await restoreWhole({ items, annotations: asAlice, standing, before })
    expect(list['v1/ConfigMap']).toEqual(['shop/one(created)'])
  })
})
