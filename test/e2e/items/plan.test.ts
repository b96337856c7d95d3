import { beforeAll, describe, expect, it } from 'vitest'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { PlanFile } from '../../../core/preview/plan-file.ts'
import type { Manifest } from '../../../velero/manifest.ts'
import { openDefinition } from '../../kit/backups/open-definition.ts'
import type { BackedUpItem } from '../../kit/backups/put-backup.ts'
import { putBackup } from '../../kit/backups/put-backup.ts'
import { isMissing } from '../../kit/debian-program.ts'
import { runClient } from '../../kit/client.ts'
import { awaitRestore, createRestore, getRestore, readObject, readResultFiles, withAdmin } from '../../kit/restores.ts'
import { whenFileIsOver } from '../../kit/run/clean-up.ts'
import { freshCluster } from '../../kit/stack.ts'
import type { TestCluster } from '../../kit/stack.ts'
import { patchVelero } from '../../kit/velero/velero-objects.ts'
import { waitUntil } from '../../kit/wait-until.ts'
import { startWebhook, webhookFor, webhooksPath } from '../../kit/webhook.ts'
import { startWorker } from '../../kit/worker.ts'
import { canDraw, drawPage } from '../client/draw-pages.ts'

const namespace = 'mixed'
/** Its quota is used up. */
const full = 'full'
/** The restore makes it. */
const fresh = 'fresh'

type Parts = { data?: Record<string, string>; labels?: Record<string, string>; immutable?: true }

function configMap(name: string, { labels, ...parts }: Parts = {}, into = namespace): Manifest {
  const metadata = { name, namespace: into, ...(labels === undefined ? {} : { labels }) }
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: {}, ...parts }
}

const several = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index))
const inBackup = (resource: string, manifests: readonly Manifest[]): BackedUpItem[] =>
  manifests.map((manifest) => [resource, manifest])

const definition = openDefinition({ group: 'plan.example.com', kind: 'Widget' })
const custom = (apiVersion: string, kind: string) => (index: number) => ({
  apiVersion,
  kind,
  metadata: { name: `c-${index}`, namespace },
})
const equal = several(60, (index) => configMap(`equal-${index}`, { data: { a: '1' } }))
const different = (value: string) => several(50, (index) => configMap(`different-${index}`, { data: { a: value } }))
const frozen = (value: string) =>
  several(15, (index) => configMap(`frozen-${index}`, { data: { a: value }, immutable: true }))
const secrets = several(10, (index) => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: `s-${index}`, namespace: full },
  data: { password: 'aHVudGVyMg==' },
}))

/** Those that are equal are as the server has them, with their owners. */
const itemsWith = (standing: readonly Manifest[]): BackedUpItem[] => [
  ...inBackup(
    'namespaces',
    [namespace, full, fresh].map((name) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })),
  ),
  ...inBackup('customresourcedefinitions.apiextensions.k8s.io', [definition]),
  ...inBackup('configmaps', [
    ...standing,
    ...different('1'),
    ...frozen('1'),
    ...several(40, (index) => configMap(`new-${index}`)),
    ...several(15, (index) => configMap(`fresh-${index}`, {}, fresh)),
    ...several(10, (index) => configMap(`denied-${index}`, { labels: { webhook: 'deny' } })),
  ]),
  ...inBackup('secrets', secrets),
  ...inBackup('widgets.plan.example.com', several(10, custom('plan.example.com/v1', 'Widget'))),
  ...inBackup('gadgets.gone.example.com', several(10, custom('gone.example.com/v1', 'Gadget'))),
]
/** All of them are items of the plan. */
const all = itemsWith(equal).length

let cluster: TestCluster

beforeAll(async () => {
  cluster = await freshCluster({ backups: [] })
  // A worker would bring the Backup back that a test deletes.
  await patchVelero(cluster, 'backupstoragelocations', 'default', { spec: { backupSyncPeriod: '0s' } })
  const denying = await startWebhook(() => ({ allowed: false, status: { code: 403, message: 'not on my watch' } }))
  whenFileIsOver(() => denying.close())
  await withAdmin(cluster, async (admin) => {
    for (const name of [namespace, full])
      await admin.must('POST', '/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
    const standing: Manifest[] = []
    for (const one of equal) {
      const { body } = await admin.must('POST', `/api/v1/namespaces/${namespace}/configmaps`, one)
      standing.push(body as Manifest)
    }
    for (const one of [...different('2'), ...frozen('2')])
      await admin.must('POST', `/api/v1/namespaces/${namespace}/configmaps`, one)
    const quotas = `/api/v1/namespaces/${full}/resourcequotas`
    const hard = { 'count/secrets': '0' }
    const quota = {
      apiVersion: 'v1',
      kind: 'ResourceQuota',
      metadata: { name: 'none', namespace: full },
      spec: { hard },
    }
    const { body } = await admin.must('POST', quotas, quota)
    await admin.must('PUT', `${quotas}/none/status`, {
      ...(body as object),
      status: { hard, used: { 'count/secrets': '0' } },
    })
    await admin.must('POST', webhooksPath, webhookFor('deny', denying.client))
    // The API server learns of webhook and quota by watches of its own.
    const isRefused = async (path: string, posted: object) =>
      (await admin.request('POST', `${path}?dryRun=All`, posted)).status === 403
    const probe = configMap('probe', { labels: { webhook: 'deny' } })
    await waitUntil(() => isRefused(`/api/v1/namespaces/${namespace}/configmaps`, probe), 30_000, 'the webhook')
    await waitUntil(() => isRefused(`/api/v1/namespaces/${full}/secrets`, secrets[0] ?? {}), 30_000, 'the quota')
    await putBackup(cluster, { name: 'mixed', items: itemsWith(standing) })
  })
  await startWorker(cluster)
})

/** All objects of the kinds of the backup by their place, each with its uid and resourceVersion. */
async function versions(): Promise<Record<string, string>> {
  const paths = ['namespaces', 'configmaps', 'secrets', 'resourcequotas'].map((resource) => `/api/v1/${resource}`)
  paths.push('/apis/apiextensions.k8s.io/v1/customresourcedefinitions')
  const lists = await withAdmin(cluster, (admin) => Promise.all(paths.map((path) => admin.must('GET', path))))
  const objects = lists.flatMap(({ body }) => (body as { items: Manifest[] }).items)
  return Object.fromEntries(
    objects.map(({ metadata }) => [
      `${metadata.namespace ?? ''}/${metadata.name} ${metadata.uid ?? ''}`,
      metadata.resourceVersion ?? '',
    ]),
  )
}

const client = (...argv: string[]) => runClient(cluster, argv)
describe('drydock plan', () => {
  it('tells a conflict where the policy leaves what stands there', async () => {
    const spec = { backupName: 'mixed', existingResourcePolicy: 'none' } as const
    await createRestore(cluster, { name: 'left-plan', spec, annotations: { 'drydock.io/plan': 'true' } })
    expect((await awaitRestore(cluster, 'left-plan')).status?.phase).toBe('PartiallyFailed')
    const text = await readObject(cluster, 'restores/left-plan/restore-left-plan-plan.json.gz')
    const plan = JSON.parse(text ?? '') as PlanFile
    expect(plan.counts).toEqual({ create: 67, conflict: 65, rejected: 20, 'not-here': 10, skip: 62 })
  })

  it('says what a restore does, changes nothing, and the restore then does it', async () => {
    const before = await versions()
    const asked = ['--from-backup', 'mixed', '--existing-resource-policy', 'update']
    const page = join(cluster.dir, 'plan.html')
    const made = await client('plan', 'mixed-plan', ...asked, '-o', 'json')
    expect({ code: made.code, err: made.err }).toEqual({ code: 3, err: '' })
    const plan = JSON.parse(made.out) as PlanFile
    expect(plan.counts).toEqual({ create: 67, update: 50, rejected: 35, 'not-here': 10, skip: 62 })
    expect(plan.items).toHaveLength(all)
    expect(await versions()).toEqual(before)
    expect((await readResultFiles(cluster, 'mixed-plan')).resourceList).toEqual({})
    expect(JSON.stringify(plan)).not.toContain('aHVudGVyMg')
    const on = (name: string) => plan.items.find((line) => line.name === name)
    expect(on(`${namespace}/different-0`)).toMatchObject({ verdict: 'update', fields: ['data.a'] })
    expect(on(`${namespace}/denied-0`)?.because).toContain('not on my watch')
    expect(on(`${full}/s-0`)?.because).toContain('exceeded quota')
    expect(on(`${namespace}/frozen-0`)?.because).toContain('immutable')
    expect(on(`${fresh}/fresh-0`)?.dependsOn).toBe(`namespaces ${fresh}`)
    const onKind = (kind: string) => plan.items.find((line) => line.kind === kind)
    expect(onKind('plan.example.com/v1/Widget')?.dependsOn).toBe('customresourcedefinitions widgets.plan.example.com')
    expect(onKind('gone.example.com/v1/Gadget')?.verdict).toBe('not-here')

    const shown = await client('plan', 'mixed-plan', '--page', page)
    expect(shown.out).toContain(`Plan mixed-plan of backup mixed: ${all} items: 67 create, 50 update`)
    expect(readFileSync(page, 'utf8')).toContain('Plan mixed-plan')

    const done = await client('start', 'mixed-done', '--plan', 'mixed-plan', '--wait', '--result', 'json')
    expect(done).toMatchObject({ code: 3, err: '' })
    const { log } = await readResultFiles(cluster, 'mixed-done')
    expect(log).toContain(`All ${all} items came out as plan mixed-plan said`)
  })

  it.skipIf(isMissing('chromium', canDraw))('is pictured in docs/images', async () => {
    await drawPage('plan', readFileSync(join(cluster.dir, 'plan.html'), 'utf8'))
  })

  it('is not carried out once its backup is gone, in one sentence', async () => {
    await withAdmin(cluster, (admin) =>
      admin.must('DELETE', `/apis/velero.io/v1/namespaces/${cluster.veleroNamespace}/backups/mixed`),
    )
    const refused = await client('start', 'never', '--plan', 'left-plan')
    expect(refused).toEqual({
      code: 1,
      out: '',
      err: 'plan left-plan is of backup mixed, which is gone: make a new plan\n',
    })
    expect(await getRestore(cluster, 'never')).toBeUndefined()
  })

  it('is refused where it is asked for in another word', async () => {
    const annotations = { 'drydock.io/plan': 'yes' }
    const { metadata } = await createRestore(cluster, { spec: { backupName: 'mixed' }, annotations })
    const { status } = await awaitRestore(cluster, metadata.name)
    expect(status?.phase).toBe('FailedValidation')
    expect(status?.validationErrors?.join()).toContain('annotation drydock.io/plan is "yes"')
  })
})
