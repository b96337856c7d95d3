import { gunzipSync, gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { restoreItem } from '../../../activities/items/restore-item.ts'
import { previewItem } from '../../../activities/preview/preview-item.ts'
import type { PlanFile, PlanLine } from '../../../core/preview/plan-file.ts'
import { verdictOf } from '../../../core/preview/verdict.ts'
import { wouldMake } from '../../../core/preview/why-unasked.ts'
import type { Manifest } from '../../../velero/manifest.ts'
import { restorePlanKey } from '../../../velero/object-keys.ts'
import { apiError, outcomeOf, placeOther, prices, refusing, restoring, target } from '../items/restoring.ts'
import { restoreWhole } from '../restore-whole.ts'
import type { Whole, WholeRestored } from '../restore-whole.ts'

const asPlan = { 'drydock.io/plan': 'true' }
const at = (namespace: string, name: string) => ({ namespace, name })
const configMap = (namespace: string, name: string, data: Record<string, string> = {}): Manifest => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: at(namespace, name),
  data,
})
const secret = (value: string): Manifest => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: at('shop', 'keys'),
  data: { password: value },
})
const namespace = (name: string): Manifest => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
const definition: Manifest = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'widgets.example.com' },
  spec: {
    group: 'example.com',
    scope: 'Namespaced',
    names: { plural: 'widgets', singular: 'widget', kind: 'Widget', listKind: 'WidgetList' },
    versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
  },
}
const widget: Manifest = { apiVersion: 'example.com/v1', kind: 'Widget', metadata: at('shop', 'w') }
const gadget: Manifest = { apiVersion: 'gone.example.com/v1', kind: 'Gadget', metadata: at('shop', 'g') }

const backup: Whole['items'] = {
  namespaces: [namespace('shop'), namespace('fresh')],
  'customresourcedefinitions.apiextensions.k8s.io': [definition],
  configmaps: [
    configMap('shop', 'new'),
    configMap('shop', 'equal', { a: '1' }),
    configMap('shop', 'other', { a: '1', b: '2' }),
    configMap('fresh', 'new'),
  ],
  secrets: [secret('bmV3')],
  'widgets.example.com': [widget],
  'gadgets.gone.example.com': [gadget],
}
const standing = [
  namespace('shop'),
  configMap('shop', 'equal', { a: '1' }),
  configMap('shop', 'other', { a: '9' }),
  secret('b2xk'),
]

async function planOf(whole: Partial<Whole> = {}): Promise<{ restored: WholeRestored; file: PlanFile; text: string }> {
  const restored = await restoreWhole({ items: backup, standing, annotations: asPlan, ...whole })
  const bytes = restored.world.buckets.objects('backups').get(restorePlanKey('again')) ?? ''
  const text = gunzipSync(bytes).toString('utf8')
  return { restored, file: JSON.parse(text) as PlanFile, text }
}

function lineOf({ items }: PlanFile, name: string): Partial<PlanLine> | undefined {
  return items.find((line) => line.name === name && line.kind !== 'v1/Namespace')
}

describe('a plan', () => {
  it('says of each item what would happen, and what it depends on', async () => {
    const { file } = await planOf()
    expect(file.counts).toEqual({ create: 5, skip: 2, conflict: 2, 'not-here': 1 })
    expect(lineOf(file, 'shop/new')).toMatchObject({ verdict: 'create', as: 'created' })
    expect(lineOf(file, 'shop/equal')).toMatchObject({ verdict: 'skip' })
    expect(lineOf(file, 'shop/other')).toMatchObject({
      verdict: 'conflict',
      because: expect.stringContaining('different'),
    })
    expect(lineOf(file, 'fresh/new')).toMatchObject({ verdict: 'create', dependsOn: 'namespaces fresh' })
    expect(lineOf(file, 'shop/w')).toMatchObject({
      verdict: 'create',
      dependsOn: 'customresourcedefinitions widgets.example.com',
    })
    expect(lineOf(file, 'shop/g')).toMatchObject({
      verdict: 'not-here',
      because: expect.stringContaining('the server could not find the requested resource'),
    })
  })

  it('changes nothing in the cluster but its own Restore, and lists nothing as restored', async () => {
    let before: readonly Manifest[] = []
    const { restored } = await planOf({
      spec: { existingResourcePolicy: 'update' },
      afterPlan: ({ cluster }) => {
        before = own(cluster.objects())
      },
    })
    expect(own(restored.world.cluster.objects())).toEqual(before)
    expect(restored.list).toEqual({})
    expect(restored.log).toContain('Planned: create v1/ConfigMap shop/new')
    expect(restored.log).not.toContain('Restored')
    const events = restored.world.cluster.objects().filter(({ kind }) => kind === 'Event')
    expect(events.map((event) => event['note'])).toContain(
      'Nothing was restored. Plan again of backup all: 10 items: 5 create, 2 update, 1 not-here, 2 skip',
    )
  })

  it('names the fields of an update, and no value of a Secret', async () => {
    const { file, text } = await planOf({ spec: { existingResourcePolicy: 'update' } })
    expect(lineOf(file, 'shop/other')).toMatchObject({ verdict: 'update', as: 'updated', fields: ['data.a', 'data.b'] })
    expect(lineOf(file, 'shop/keys')).toMatchObject({ verdict: 'update', fields: ['data.password'] })
    expect(text).not.toMatch(/bmV3|b2xk/)
  })

  it.each([
    ['admission webhook "no.example.com" denied the request: too big', 'rejected', {}],
    [
      'admission webhook "side.example.com" does not support dry run',
      'create',
      { unasked: 'admission webhook side.example.com takes no part in dry runs' },
    ],
    [
      'pods "web" is forbidden: no PriorityClass with name high was found',
      'create',
      { dependsOn: 'priorityclasses high' },
    ],
    ['pods "web" is forbidden: no PriorityClass with name low was found', 'rejected', {}],
    [
      'pods "web" is forbidden: error looking up service account shop/cook: serviceaccount "cook" not found',
      'create',
      { dependsOn: 'serviceaccounts shop/cook' },
    ],
  ])('takes the answer %s for %s', async (message, verdict, finding) => {
    const made = wouldMake({
      waves: [
        { groupResource: 'priorityclasses.scheduling.k8s.io', chunks: [{ items: [{ name: 'high' }] }] },
        {
          groupResource: 'serviceaccounts',
          chunks: [{ items: [{ name: 'cook', namespace: 'shop', target: 'shop' }] }],
        },
      ],
    })
    const refused = refusing('create', apiError(403, 'Forbidden', message))
    const { world, tools } = restoring(JSON.stringify(prices), { preview: made }, refused)
    const item = { namespace: 'shop', name: 'prices', target: 'shop' }
    const step = await world.clock.run(previewItem(tools, made, (each) => restoreItem('configmaps', item, each)))
    const outcome = await outcomeOf(step)
    expect(verdictOf(outcome)).toBe(verdict)
    expect(outcome.finding ?? {}).toEqual(finding)
  })

  it.each([
    ['recreate', undefined, { stands: true, recreates: true }],
    ['rejected', 'admission webhook "no.example.com" denied the request: keep it', { stands: true }],
    [
      'recreate',
      'admission webhook "side.example.com" does not support dry run',
      {
        stands: true,
        recreates: true,
        unasked: 'admission webhook side.example.com takes no part in dry runs',
      },
    ],
  ])(
    'has the verdict %s where the dry run of the delete says %s, and deletes nothing',
    async (verdict, says, finding) => {
      const made = wouldMake({ waves: [] })
      const { world, tools } = restoring(
        JSON.stringify(prices),
        { preview: made, policyFor: () => 'recreate' },
        (cluster) =>
          says === undefined ? cluster : { ...cluster, remove: () => Promise.reject(apiError(403, 'Forbidden', says)) },
      )
      placeOther(world, '4')
      const item = { namespace: 'shop', name: 'prices', target: 'shop' }
      const step = await world.clock.run(previewItem(tools, made, (each) => restoreItem('configmaps', item, each)))
      const outcome = await outcomeOf(step)
      expect(verdictOf(outcome)).toBe(verdict)
      expect(outcome.finding).toEqual(finding)
      expect(world.cluster.look(target)).toMatchObject({ data: { price: '4' } })
    },
  )

  it('says how far a quota reaches, which counts no dry run', async () => {
    const quota: Manifest = {
      apiVersion: 'v1',
      kind: 'ResourceQuota',
      metadata: at('shop', 'few'),
      status: { hard: { 'count/configmaps': '2' }, used: { 'count/configmaps': '2' } },
    }
    const { file } = await planOf({ standing: [...standing, quota] })
    expect(file.notes).toEqual([
      'quota shop/few has room for 0 more configmaps, and 1 would be created: 1 of them will be refused, whichever come last',
    ])
  })
})

describe('a restore that carries out a plan', () => {
  const carriedOut = async (uid: string, change: Partial<PlanFile> = {}) => {
    const { file } = await planOf()
    const stored = { ...file, plan: { ...file.plan, name: 'p', uid: 'uid-1' }, ...change }
    return restoreWhole({
      items: backup,
      standing,
      annotations: { 'drydock.io/from-plan': `p/${uid}` },
      before: ({ buckets }) => buckets.place('backups', restorePlanKey('p'), gzipSync(JSON.stringify(stored))),
      afterPlan: ({ cluster }) => void cluster.place(configMap('shop', 'new', { somebody: 'else' })),
    })
  }
  const compared = async (uid: string) => (await carriedOut(uid)).log

  it('tells in its log where it came out otherwise', async () => {
    const log = await compared('uid-1')
    expect(log).toContain('1 of 10 items came out otherwise than plan p said')
    expect(log).toContain('v1/ConfigMap shop/new: planned as created, came out as failed')
  })

  it('ends before it writes where the archive is another one since', async () => {
    await expect(carriedOut('uid-1', { etag: 'other' })).rejects.toThrow(
      /planRestore: backup all was made again since plan p of .*: make a new plan/,
    )
  })

  it('tells that its plan is gone, or is another one of that name', async () => {
    const sentence = 'The restore cannot be compared with plan p: the plan is not in the backup location any more'
    expect(await compared('uid-2')).toContain(sentence)
  })
})

function own(objects: readonly Manifest[]): Manifest[] {
  return objects.filter(({ kind }) => !['Restore', 'Event', 'Lease'].includes(kind))
}
