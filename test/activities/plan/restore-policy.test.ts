import { gunzipSync, gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import type { RestorePolicy } from '../../../core/asked/restore-policy.ts'
import { parseRestorePolicy } from '../../../core/asked/parse-restore-policy.ts'
import type { Access, ActingUser } from '../../../core/asked/acting-user.ts'
import type { World } from '../../ports/world.ts'
import { anObject } from '../../core/items/builders.ts'
import { hosting } from '../hosting-plugins.ts'
import { restoreWhole } from '../restore-whole.ts'
import type { Whole } from '../restore-whole.ts'

const asAlice = { 'drydock.io/impersonate-user': 'alice' }
const policyOf = (yaml: string): RestorePolicy => {
  const parsed = parseRestorePolicy(yaml)
  if ('errors' in parsed) throw new Error(parsed.errors.join('; '))
  return parsed.policy
}
const mayShop = policyOf('rules: [{ user: alice, namespaces: [shop] }]')
const inNamespace = (namespace: string) => (kind: string, name: string) => anObject(kind, name, { namespace })
const [inShop, inPay] = [inNamespace('shop'), inNamespace('pay')]
const items = { configmaps: [inShop('ConfigMap', 'one')], secrets: [inShop('Secret', 'key')] }
const restoreAt = { group: 'velero.io', version: 'v1', resource: 'restores', namespace: 'velero', name: 'again' }

/** Sets all annotations of the Restore anew. */
function annotate({ cluster }: World, annotations: Record<string, string>): void {
  const metadata = cluster.look(restoreAt)?.metadata
  const kept = Object.entries(metadata?.annotations ?? {}).filter(([name]) => !name.includes('impersonate'))
  cluster.amend(restoreAt, { metadata: { ...metadata, annotations: { ...Object.fromEntries(kept), ...annotations } } })
}

/** What stands in the namespace after a restore that need not have ended well. */
async function standing(whole: Whole, namespace = 'shop'): Promise<{ failure: string; left: string[] }> {
  let seen: World | undefined
  const before = (world: World) => {
    seen = world
    whole.before?.(world)
  }
  const failure = await restoreWhole({ ...whole, before }).then(
    ({ results }) => JSON.stringify(results.errors),
    (thrown: unknown) => (thrown instanceof Error ? thrown.message : ''),
  )
  const objects = seen?.cluster.objects() ?? []
  const left = objects.filter(({ metadata }) => metadata.namespace === namespace)
  return { failure, left: left.map(({ kind, metadata }) => `${kind}/${metadata.name}`) }
}

describe('a restore under the policy of its worker', () => {
  it('restores what the policy permits', async () => {
    const { list } = await restoreWhole({ items, annotations: asAlice, settings: { policy: mayShop } })
    expect(list).toMatchObject({ 'v1/ConfigMap': ['shop/one(created)'], 'v1/Secret': ['shop/key(created)'] })
  })

  it.each([
    [{ pay: 'pay' }, 'into namespace pay', 'pay'],
    [{ pay: 'shop' }, 'from namespace pay into namespace shop', 'shop'],
  ])('ends before it writes anything where namespaces are mapped as %j', async (namespaceMapping, where, target) => {
    const secrets = [inPay('Secret', 'key'), inPay('Secret', 'other')]
    const { failure, left } = await standing(
      { items: { secrets }, spec: { namespaceMapping }, annotations: asAlice, settings: { policy: mayShop } },
      target,
    )
    expect(failure).toContain("the worker's policy does not let user alice restore")
    expect(failure).toContain(`secrets ${where} (2 items, the first is secrets/${target}/key)`)
    expect(left).toEqual([])
  })

  it('holds for restores without a user too', async () => {
    const policy = policyOf('rules: [{ asWorker: true, namespaces: [shop], resources: [configmaps] }]')
    const { failure, left } = await standing({ items, settings: { policy } })
    expect(failure).toContain(
      'does not let a restore without a user restore secrets into namespace shop (secrets/shop/key)',
    )
    expect(left).toEqual([])
    expect((await standing({ items: { configmaps: items.configmaps }, settings: { policy } })).left).toContain(
      'ConfigMap/one',
    )
  })

  it('writes no object of a kind that a modifier has made of another one', async () => {
    const policy = policyOf('rules: [{ user: alice, namespaces: [shop], resources: [configmaps] }]')
    const rule = {
      conditions: { groupResource: 'configmaps' },
      mergePatches: [{ patchData: '{"kind":"Secret"}' }],
    }
    const data = { 'rules.yaml': JSON.stringify({ version: 'v1', resourceModifierRules: [rule] }) }
    const modifiers = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'to-secrets', namespace: 'velero' },
      data,
    }
    const { failure, left } = await standing({
      items: { configmaps: items.configmaps },
      annotations: asAlice,
      settings: { policy },
      standing: [modifiers],
      spec: { resourceModifier: { kind: 'ConfigMap', name: 'to-secrets' } },
    })
    expect(failure).toContain("the worker's policy does not let user alice restore secrets into namespace shop")
    expect(left).toEqual([])
  })

  it('writes nothing more where the policy is another one by then', async () => {
    let policy: RestorePolicy | undefined = mayShop
    const settings = {
      get policy() {
        return policy
      },
      actingUser: undefined,
    }
    const afterPlan = () => void (policy = policyOf('rules: [{ user: bob, namespaces: [shop] }]'))
    const whole: Whole = { items, annotations: asAlice, afterPlan }
    whole.settings = settings
    const { failure, left } = await standing(whole)
    expect(failure).toContain('does not name user \\"alice\\"')
    expect(left).toEqual([])
  })
})

describe('a restore whose user is another one by the time it writes', () => {
  it.each([
    ['dropped', asAlice, {}],
    ['named', {}, asAlice],
    ['replaced', asAlice, { 'drydock.io/impersonate-user': 'admin' }],
    ['given groups', asAlice, { ...asAlice, 'drydock.io/impersonate-groups': 'admins' }],
  ])('writes nothing: the user was %s after the plan was made', async (_how, annotations, then) => {
    const { failure, left } = await standing({ items, annotations, afterPlan: (world) => annotate(world, then) })
    expect(failure).toContain('but was admitted with')
    expect(left).toEqual([])
  })

  it('is not planned where the user is named right after it was admitted', async () => {
    let reads = 0
    const before = ({ cluster }: World) => {
      const connect = cluster.connect.bind(cluster)
      cluster.connect = (...given) => {
        const connected = connect(...given)
        return {
          ...connected,
          get: async (ref) => {
            const found = await connected.get(ref)
            if (ref.resource !== 'restores' || ++reads !== 1) return found
            // Between this read and the claim somebody names the user.
            annotate(seen as World, asAlice)
            return found
          },
        }
      }
    }
    let seen: World | undefined
    const { failure, left } = await standing({
      items,
      before: (world) => {
        seen = world
        before(world)
      },
    })
    expect(failure).toContain('the Restore names user "alice" now, but was admitted with no user')
    expect(left).toEqual([])
  })

  it('writes nothing as the worker where somebody has changed the journal in the bucket', async () => {
    const forge = ({ buckets }: World) => {
      const [key, body] = [...buckets.objects('backups')].find(([name]) => name.endsWith('/admission.json.gz')) ?? []
      const text = gunzipSync(body ?? Buffer.of()).toString('utf8')
      expect(text).toContain('"drydock.io/impersonate-user":"alice"')
      buckets.place('backups', key ?? '', gzipSync(text.replace('drydock.io/impersonate-user', 'nobody')))
    }
    const { failure, left } = await standing({ items, annotations: asAlice, afterPlan: forge })
    expect(failure).toContain('the Restore names user \\"alice\\" now, but was admitted with no user')
    expect(left).toEqual([])
  })

  it('goes on as the user of the worker that has admitted it, where another worker has none', async () => {
    let actingUser: ActingUser | undefined = { user: 'restorer', groups: [] }
    const whole: Whole = { items, afterPlan: () => void (actingUser = undefined) }
    whole.settings = {
      get actingUser() {
        return actingUser
      },
    }
    const { world } = await restoreWhole(whole)
    expect(world.cluster.writtenAs).toContain('restorer: create secrets shop/key')
  })
})

describe('what else a restore does as a user', () => {
  it('asks for the right to run the commands in annotations of pods, also those of a modifier', async () => {
    const asked: Access[] = []
    const before = ({ cluster }: World) => {
      cluster.mayDo = (_, what) => {
        asked.push(what)
        return what.verb !== '*' && what.subresource === undefined
      }
    }
    const pod = (name: string, annotations: Record<string, string>) => ({
      ...anObject('Pod', name, { namespace: 'shop', annotations }),
      spec: { containers: [{ name: 'app', image: 'app' }] },
    })
    const hook = { 'post.hook.restore.velero.io/command': '["true"]' }
    await expect(
      restoreWhole({ items: { pods: [pod('web', hook), pod('plain', {})] }, annotations: asAlice, before }),
    ).rejects.toThrow(
      'user alice may not create pods/exec in namespace shop (pods/shop/web); get pods/exec in namespace shop (pods/shop/web): nothing',
    )
    asked.length = 0
    await restoreWhole({ items: { pods: [pod('plain', {})] }, annotations: asAlice, before })
    expect(asked.filter(({ subresource }) => subresource !== undefined)).toEqual([])
    const rule = {
      conditions: { groupResource: 'pods' },
      mergePatches: [{ patchData: JSON.stringify({ metadata: { annotations: hook } }) }],
    }
    const data = { 'rules.yaml': JSON.stringify({ version: 'v1', resourceModifierRules: [rule] }) }
    const modifiers = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'hooks', namespace: 'velero' }, data }
    await expect(
      restoreWhole({
        items: { pods: [pod('plain', {})] },
        annotations: asAlice,
        before,
        standing: [modifiers],
        spec: { resourceModifier: { kind: 'ConfigMap', name: 'hooks' } },
      }),
    ).rejects.toThrow('create pods/exec in namespace shop (pods/shop/plain)')
  })

  it('asks no plugin that the policy does not name: it would write with the rights of the worker', async () => {
    const { plugins, asked } = hosting(() => ({}))
    const whole = { items, annotations: asAlice, plugins }
    const refused = await standing(whole)
    expect(refused.failure).toContain(
      'this restore is made as user alice, but action example.io/label of plugins would act with the rights of the worker',
    )
    expect([asked, refused.left]).toEqual([[], []])
    const secretsAlone = await standing({ ...whole, items: { secrets: items.secrets } })
    expect(secretsAlone.left).toContain('Secret/key')
    await restoreWhole({ ...whole, settings: { policy: policyOf('plugins: [example.io/label]') } })
    expect(asked).toEqual(['one'])
  })

  it('leaves what a plugin wants from a namespace of the backup that the policy does not let it take from', async () => {
    const { plugins } = hosting((name) =>
      name === 'one' ? { additionalItems: [{ groupResource: 'configmaps', namespace: 'pay', name: 'wages' }] } : {},
    )
    const { failure, left } = await standing({
      items: { configmaps: [inShop('ConfigMap', 'one'), inPay('ConfigMap', 'wages')] },
      spec: { includedNamespaces: ['shop', 'pay'], labelSelector: null, namespaceMapping: { pay: 'shop' } },
      annotations: { ...asAlice, 'drydock.io/objects': 'configmaps/shop/one' },
      plugins,
      settings: { policy: policyOf('{ rules: [{ user: alice, namespaces: [shop] }], plugins: [example.io/label] }') },
    })
    expect(failure).toContain("wages.json is wanted by an action of a plugin and is not restored: the worker's policy")
    expect(left).toEqual(['ConfigMap/one'])
  })
})
