import { beforeAll, describe, expect, it } from 'vitest'
import type { Manifest } from '../../../velero/manifest.ts'
import { canDraw, commandShown, drawCommands } from '../client/draw-pages.ts'
import { textAt, valueAt } from '../../../core/values/fields.ts'
import type { BackedUpItem } from '../../kit/backups/put-backup.ts'
import { putBackup } from '../../kit/backups/put-backup.ts'
import { runClient } from '../../kit/client.ts'
import { awaitRestore, createRestore, readResultFiles, withAdmin } from '../../kit/restores.ts'
import { freshCluster } from '../../kit/stack.ts'
import type { TestCluster } from '../../kit/stack.ts'
import { isMissing } from '../../kit/debian-program.ts'
import { waitUntil } from '../../kit/wait-until.ts'
import { startWorker } from '../../kit/worker.ts'
import type { TestWorker } from '../../kit/worker.ts'

const paths: Readonly<Record<string, string>> = {
  ConfigMap: '/api/v1/namespaces/:namespace/configmaps',
  Service: '/api/v1/namespaces/:namespace/services',
  Deployment: '/apis/apps/v1/namespaces/:namespace/deployments',
  Job: '/apis/batch/v1/namespaces/:namespace/jobs',
}
const resources: Readonly<Record<string, string>> = {
  ConfigMap: 'configmaps',
  Service: 'services',
  Deployment: 'deployments.apps',
  Job: 'jobs.batch',
}

const pathOf = ({ kind, metadata }: Manifest) => (paths[kind] ?? '').replace(':namespace', metadata.namespace ?? '')
const inBackup = (...manifests: Manifest[]): BackedUpItem[] =>
  manifests.map((manifest) => [resources[manifest.kind] ?? '', manifest])

const configMap = (namespace: string, name: string, value: string, more: object = {}): Manifest => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { namespace, name, ...more },
  data: { value },
})

const podOf = (labels: object, image: string) => ({
  metadata: { labels },
  spec: { containers: [{ name: 'app', image }], restartPolicy: 'Always' },
})

/** Its selector cannot be changed. */
const deployment = (namespace: string, app: string): Manifest => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { namespace, name: 'web' },
  spec: { replicas: 1, selector: { matchLabels: { app } }, template: podOf({ app }, 'example.com/web:1') },
})

/** Its template cannot be changed. */
const job = (namespace: string, image: string): Manifest => ({
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: { namespace, name: 'once' },
  spec: { template: { spec: { containers: [{ name: 'app', image }], restartPolicy: 'Never' } } },
})

/** The address of a Service cannot be changed, nor can it be taken from one that has it to be headless. */
const service = (namespace: string, more: object): Manifest => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { namespace, name: 'web' },
  spec: { ports: [{ port: 80 }], selector: { app: 'web' }, ...more },
})

describe('objects that exist', () => {
  let cluster: TestCluster
  let worker: TestWorker
  const start = () => startWorker(cluster, { DRYDOCK_TERMINATING_RESOURCE_TIMEOUT: '8s' })

  beforeAll(async () => {
    cluster = await freshCluster({ backups: [], with: ['controllerManager'] })
    worker = await start()
  })

  const columns = 120
  const pictured: ReturnType<typeof commandShown>[] = []
  const shown = async (...argv: string[]) => {
    const ended = await runClient(cluster, argv)
    pictured.push(commandShown(argv, ended.out + ended.err, columns))
    return ended
  }
  const place = (...manifests: Manifest[]) =>
    withAdmin(cluster, async (admin) => {
      const { namespace } = manifests[0]?.metadata ?? {}
      await admin.request('POST', '/api/v1/namespaces', { metadata: { name: namespace } })
      for (const manifest of manifests) await admin.must('POST', pathOf(manifest), manifest)
    })
  const look = (manifest: Manifest): Promise<Manifest | undefined> =>
    withAdmin(cluster, async (admin) => {
      const { status, body } = await admin.request('GET', `${pathOf(manifest)}/${manifest.metadata.name}`)
      return status === 200 ? (body as Manifest) : undefined
    })
  const letGo = (manifest: Manifest) =>
    withAdmin(cluster, (admin) =>
      admin.must(
        'PATCH',
        `${pathOf(manifest)}/${manifest.metadata.name}`,
        { metadata: { finalizers: null } },
        'application/merge-patch+json',
      ),
    )

  it('are created anew where fields differ that cannot be changed: a selector, a template, an address', async () => {
    const standing = [deployment('anew', 'old'), job('anew', 'example.com/old:1'), service('anew', {})]
    await place(...standing, configMap('anew', 'same', '1'))
    const before = await Promise.all(standing.map(look))
    const wanted = [deployment('anew', 'new'), job('anew', 'example.com/new:1'), service('anew', { clusterIP: 'None' })]
    await putBackup(cluster, { name: 'anew', items: inBackup(...wanted, configMap('anew', 'same', '1')) })
    const planned = await shown('plan', 'anew-plan', '--from-backup', 'anew', '--existing', 'recreate')
    expect(planned.out).toMatch(/5 items: 3 recreate, 2 skip/)
    const { code, err } = await shown('start', 'anew', '--from-backup', 'anew', '--existing', 'recreate', '--wait')
    expect({ code, err }).toEqual({ code: 0, err: '' })
    const after = await Promise.all(standing.map(look))
    for (const [index, one] of after.entries()) {
      expect(one?.metadata.uid).not.toBe(before[index]?.metadata.uid)
      expect(one?.metadata.labels).toMatchObject({ 'velero.io/restore-name': 'anew' })
    }
    expect(valueAt(after[0], 'spec', 'selector', 'matchLabels', 'app')).toBe('new')
    expect(JSON.stringify(after[1]?.['spec'])).toContain('example.com/new:1')
    expect(textAt(after[2], 'spec', 'clusterIP')).toBe('None')
    const { results } = await readResultFiles(cluster, 'anew')
    expect(results).toEqual({ errors: {}, warnings: {} })
  })

  it('that a finalizer holds are an error that names it, and a retry creates their items once they are gone', async () => {
    const held = configMap('held', 'held', 'old', { finalizers: ['example.com/hold'] })
    await place(held, configMap('held', 'other', 'old'))
    await putBackup(cluster, {
      name: 'held',
      items: inBackup(configMap('held', 'held', 'new'), configMap('held', 'other', 'new')),
    })
    await createRestore(cluster, {
      name: 'held',
      spec: { backupName: 'held' },
      annotations: { 'drydock.io/existing': 'configmaps=recreate' },
    })
    const { status } = await awaitRestore(cluster, 'held')
    expect(status).toMatchObject({ phase: 'PartiallyFailed', errors: 1 })
    const { results } = await readResultFiles(cluster, 'held')
    expect(results?.errors.namespaces?.['held']).toEqual([
      'configmaps/held/held was deleted to be created anew, and is not gone after 8 s: it has finalizers example.com/hold. Retry the restore once it is gone',
    ])
    expect((await look(configMap('held', 'other', '')))?.['data']).toEqual({ value: 'new' })
    await letGo(held)
    await waitUntil(async () => (await look(held)) === undefined, 30_000, 'the object to be gone')
    const { code } = await runClient(cluster, ['retry', 'held', '--wait'])
    expect(code).toBe(0)
    expect((await look(held))?.['data']).toEqual({ value: 'new' })
  })

  it('are created by the next worker where the first one is killed after the delete', async () => {
    const held = configMap('killed', 'held', 'old', { finalizers: ['example.com/hold'] })
    await place(held)
    await putBackup(cluster, { name: 'killed', items: inBackup(configMap('killed', 'held', 'new')) })
    await createRestore(cluster, {
      name: 'killed',
      spec: { backupName: 'killed' },
      annotations: { 'drydock.io/existing': 'recreate' },
    })
    const isGoing = async () => (await look(held))?.metadata.deletionTimestamp !== undefined
    await waitUntil(isGoing, 60_000, 'the delete')
    worker.kill('SIGKILL')
    await letGo(held)
    await waitUntil(async () => (await look(held)) === undefined, 30_000, 'the object to be gone')
    worker = await start()
    const { status } = await awaitRestore(cluster, 'killed')
    expect(status?.phase).toBe('Completed')
    expect(await look(held)).toMatchObject({
      data: { value: 'new' },
      metadata: { labels: { 'velero.io/restore-name': 'killed' } },
    })
  })

  it('are created also where the restore is cancelled after the delete', async () => {
    const held = configMap('cancelled', 'held', 'old', { finalizers: ['example.com/hold'] })
    await place(held)
    await putBackup(cluster, { name: 'cancelled', items: inBackup(configMap('cancelled', 'held', 'new')) })
    await createRestore(cluster, {
      name: 'cancelled',
      spec: { backupName: 'cancelled' },
      annotations: { 'drydock.io/existing': 'recreate' },
    })
    const isGoing = async () => (await look(held))?.metadata.deletionTimestamp !== undefined
    await waitUntil(isGoing, 60_000, 'the delete')
    expect((await runClient(cluster, ['cancel', 'cancelled', '--wait'])).code).toBe(5)
    expect(await isGoing()).toBe(true)
    await letGo(held)
    const isMade = async () => valueAt(await look(held), 'data', 'value') === 'new'
    await waitUntil(isMade, 60_000, 'the item after the end of its restore')
  })

  it('and must not end the restore before it writes: not even a namespace is made', async () => {
    await place(configMap('taken', 'one', 'theirs'))
    const items = inBackup(configMap('taken', 'one', 'ours'), configMap('taken', 'two', 'ours'))
    await putBackup(cluster, { name: 'taken', items: [...items, ...inBackup(configMap('untouched', 'three', 'ours'))] })
    const theirs = await look(configMap('taken', 'one', ''))
    const { code } = await shown('start', 'taken', '--from-backup', 'taken', '--existing', 'fail', '--wait')
    expect(code).not.toBe(0)
    const { status } = await awaitRestore(cluster, 'taken')
    expect(status).toMatchObject({
      phase: 'Failed',
      failureReason:
        'restore execution failed: 1 object exists (configmaps/taken/one) and must not (annotation drydock.io/existing); nothing was restored',
    })
    expect(await look(configMap('taken', 'one', ''))).toEqual(theirs)
    expect(await look(configMap('taken', 'two', ''))).toBeUndefined()
    const namespace = await withAdmin(cluster, (admin) => admin.request('GET', '/api/v1/namespaces/untouched'))
    expect(namespace.status).toBe(404)

    await withAdmin(cluster, (admin) => admin.must('DELETE', '/api/v1/namespaces/taken/configmaps/one'))
    expect((await runClient(cluster, ['retry', 'taken', '--wait'])).code).toBe(0)
    expect((await look(configMap('taken', 'one', '')))?.['data']).toEqual({ value: 'ours' })
  })
  it.skipIf(isMissing('chromium', canDraw))('are pictured in docs/images', async () => {
    expect(pictured).toHaveLength(3)
    await drawCommands('existing', columns, pictured)
  })
})
