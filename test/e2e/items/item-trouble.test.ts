import { setTimeout as sleep } from 'node:timers/promises'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Manifest } from '../../../velero/manifest.ts'
import { countCreates, readAudit } from '../../kit/audit.ts'
import { manyItems } from '../../kit/backups/many-items.ts'
import { putBackup } from '../../kit/backups/put-backup.ts'
import { awaitRestore, createRestore, getRestore, readResultFiles, withAdmin } from '../../kit/restores.ts'
import { whenFileIsOver } from '../../kit/run/clean-up.ts'
import { freshCluster } from '../../kit/stack.ts'
import type { TestCluster } from '../../kit/stack.ts'
import { waitUntil } from '../../kit/wait-until.ts'
import { startWebhook, webhookFor, webhooksPath } from '../../kit/webhook.ts'
import { startWorker } from '../../kit/worker.ts'

const namespace = 'trouble'
const many = 300
/** Longer than any write may take that the Lease does not announce, and shorter than an item may take in all. */
const slowMs = 25_000
const configMap = (name: string, parts: { labels?: Record<string, string>; data?: Record<string, string> } = {}) =>
  [
    'configmaps',
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name, namespace, ...(parts.labels === undefined ? {} : { labels: parts.labels }) },
      data: parts.data ?? {},
    } as Manifest,
  ] as const
const policy: Manifest = {
  apiVersion: 'policy.trouble.example.com/v3',
  kind: 'NetPolicy',
  metadata: { name: 'deny', namespace },
  spec: { order: 100 },
}
const apiService = {
  apiVersion: 'apiregistration.k8s.io/v1',
  kind: 'APIService',
  metadata: { name: 'v3.policy.trouble.example.com' },
  spec: {
    group: 'policy.trouble.example.com',
    version: 'v3',
    groupPriorityMinimum: 100,
    versionPriority: 100,
    insecureSkipTLSVerify: true,
    service: { name: 'api', namespace: 'trouble-system', port: 443 },
  },
}

describe('trouble of one object', () => {
  let cluster: TestCluster
  beforeAll(async () => {
    cluster = await freshCluster({ backups: [], audit: true })
    await startWorker(cluster, { DRYDOCK_ITEM_DEADLINE: '60s', DRYDOCK_CHUNK_ITEMS: '50' })
    const denying = await startWebhook(() => ({
      allowed: false,
      status: { code: 500, message: 'the database is down' },
    }))
    const slow = await startWebhook((name) => (name === 'mute' ? undefined : sleep(slowMs, { allowed: true })))
    whenFileIsOver(() => [denying, slow].forEach((server) => server.close()))
    await withAdmin(cluster, async (admin) => {
      await admin.must('POST', '/apis/apiregistration.k8s.io/v1/apiservices', apiService)
      const { caBundle } = denying.client
      const configured = [
        webhookFor('denies', denying.client),
        webhookFor('away', { url: 'https://127.0.0.1:9/', caBundle }),
        webhookFor('slow', slow.client, { timeoutSeconds: 30 }),
        webhookFor('lenient', slow.client, { timeoutSeconds: 30, failurePolicy: 'Ignore' }),
        webhookFor('mute', slow.client, { timeoutSeconds: 8, failurePolicy: 'Ignore' }),
      ]
      for (const one of configured) await admin.must('POST', webhooksPath, one)
    })
    await putBackup(cluster, {
      name: 'trouble',
      items: [
        ...manyItems('trouble', { count: many, namespace }).items,
        configMap('is-denied', { labels: { webhook: 'denies' } }),
        configMap('waits', { labels: { webhook: 'away' } }),
        configMap('slow', { labels: { webhook: 'slow' } }),
        configMap('lenient', { labels: { webhook: 'lenient' } }),
        configMap('mute', { labels: { webhook: 'mute' } }),
        configMap('is-huge', { data: { text: 'x'.repeat(2_300_000) } }),
        configMap('with space'),
        [
          'configmaps',
          { apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace } } as unknown as Manifest,
          'nameless',
        ],
        ['netpolicies.policy.trouble.example.com', policy],
      ],
    })
  })

  it('stays with that object: the others are restored meanwhile, what passes is waited for, what does not is one error', async () => {
    await createRestore(cluster, { name: 'trouble', spec: { backupName: 'trouble' } })
    const there = async () => {
      const path = `/api/v1/namespaces/${namespace}/configmaps?labelSelector=app%3Dmany&limit=1000`
      const { body } = await withAdmin(cluster, (admin) => admin.request('GET', path))
      return ((body as { items?: unknown[] }).items ?? []).length === many
    }
    await waitUntil(there, 120_000, 'all other objects')
    expect((await getRestore(cluster, 'trouble'))?.status?.phase).toBe('InProgress')
    await withAdmin(cluster, (admin) => admin.must('DELETE', `${webhooksPath}/away`))
    const { status } = await awaitRestore(cluster, 'trouble', undefined, 240_000)
    expect(status).toMatchObject({ phase: 'PartiallyFailed', errors: 5 })
    const { results, resourceList, log } = await readResultFiles(cluster, 'trouble')
    const errors = results?.errors.namespaces?.[namespace] ?? []
    expect(errors.map((text) => text.slice(0, text.indexOf(': '))).sort()).toEqual([
      'error decoding "resources/configmaps/namespaces/trouble/nameless.json"',
      'error restoring configmaps/trouble/is-denied',
      'error restoring configmaps/trouble/is-huge',
      'error restoring configmaps/trouble/with space',
      'error restoring netpolicies.policy.trouble.example.com/trouble/deny',
    ])
    expect(errors.find((text) => text.includes('is-denied'))).toMatch(
      /admission webhook "denies.example.com" denied the request: the database is down$/,
    )
    expect(errors.find((text) => text.includes('netpolicies'))).toMatch(/ \(tried \d+ times until 2\S+Z\)$/)
    expect(JSON.stringify(resourceList)).toContain('trouble/waits(created)')
    // Longer than a write may take at first; the last one never gets an answer, which its webhook's policy lets pass.
    for (const name of ['slow', 'lenient', 'mute']) {
      expect(JSON.stringify(resourceList)).toContain(`trouble/${name}(created)`)
      expect(log).toMatch(new RegExp(`Restored v1/ConfigMap trouble/${name}, after [2-9] tries`))
    }
    expect(log).toMatch(/Restored v1\/ConfigMap trouble\/waits, after \d+ tries/)
  })

  it('is sent once where the answer is final', () => {
    const refused = readAudit(cluster).filter(
      ({ verb, objectRef }) => verb === 'create' && /^is-(denied|huge)$/.test(objectRef?.name ?? ''),
    )
    expect(refused.map(({ objectRef }) => objectRef?.name ?? '').sort()).toEqual(['is-denied', 'is-huge'])
    expect([...countCreates(readAudit(cluster), ['configmaps']).values()].every((times) => times === 1)).toBe(true)
  })

  it('is not made twice where a modifier leaves it without a name', async () => {
    const rules = {
      version: 'v1',
      resourceModifierRules: [
        {
          conditions: { groupResource: 'configmaps', resourceNameRegex: '^item-[01]$' },
          mergePatches: [{ patchData: '{"metadata":{"name":null,"generateName":"again-"}}' }],
        },
      ],
    }
    await withAdmin(cluster, (admin) =>
      admin.must('POST', `/api/v1/namespaces/${cluster.veleroNamespace}/configmaps`, {
        metadata: { name: 'nameless' },
        data: { 'rules.yaml': JSON.stringify(rules) },
      }),
    )
    await putBackup(cluster, manyItems('nameless', { count: 3 }))
    const spec = { backupName: 'nameless', resourceModifier: { kind: 'configmap', name: 'nameless' } }
    await createRestore(cluster, { name: 'nameless', spec })
    expect((await awaitRestore(cluster, 'nameless')).status?.phase).toBe('Completed')
    const { body } = await withAdmin(cluster, (admin) => admin.must('GET', '/api/v1/namespaces/nameless/configmaps'))
    const names = (body as { items: Manifest[] }).items.map(({ metadata }) => metadata.name).sort()
    expect(names).toEqual([expect.stringMatching(/^again-/), expect.stringMatching(/^again-/), 'item-2'])
  })
})
