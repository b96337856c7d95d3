import { beforeAll, describe, expect, it } from 'vitest'
import { aPod } from '../../kit/backups/a-pod.ts'
import { putBackup } from '../../kit/backups/put-backup.ts'
import { openExecFront } from '../../kit/exec-front.ts'
import type { ExecFront } from '../../kit/exec-front.ts'
import { awaitRestore, createRestore, listKeys, readResultFiles, withAdmin } from '../../kit/restores.ts'
import { freshCluster } from '../../kit/stack.ts'
import type { TestCluster } from '../../kit/stack.ts'
import { waitUntil } from '../../kit/wait-until.ts'
import { startWorker } from '../../kit/worker.ts'
import type { TestWorker } from '../../kit/worker.ts'

const hook = (command: string, more: Record<string, string> = {}) =>
  Object.fromEntries(
    Object.entries({ command, ...more }).map(([key, value]) => [`post.hook.restore.velero.io/${key}`, value]),
  )

describe('exec hooks', () => {
  let cluster: TestCluster
  let front: ExecFront
  let worker: TestWorker
  beforeAll(async () => {
    cluster = await freshCluster({ backups: ['shop'] })
    front = await openExecFront(cluster)
    worker = await startWorker(front.cluster)
  })

  /** Says of a pod's containers that they run, as a kubelet would, once the restore has made the pod. */
  async function runPod(namespace: string, name: string, containers = ['app'], ready = true): Promise<void> {
    await withAdmin(cluster, async (admin) => {
      const path = `/api/v1/namespaces/${namespace}/pods/${name}`
      await waitUntil(async () => (await admin.request('GET', path)).status === 200, 60_000, `pod ${name}`)
      const status = {
        phase: 'Running',
        containerStatuses: containers.map((container) => ({
          name: container,
          image: 'example.com/app:1',
          imageID: '',
          ready,
          restartCount: 0,
          state: { running: { startedAt: '2026-01-01T00:00:00Z' } },
        })),
      }
      await admin.must('PATCH', `${path}/status`, { status }, 'application/merge-patch+json')
    })
  }

  async function restoreOf(name: string, spec: object = {}, annotations: Record<string, string> = {}) {
    return createRestore(cluster, { name, spec: { backupName: name, ...spec }, annotations })
  }

  it('a pod that never comes up ends its hook by its own wait, in Velero’s words', async () => {
    await createRestore(cluster, { name: 'default', spec: { backupName: 'shop' } })
    const { status } = await awaitRestore(cluster, 'default')
    expect(status).toMatchObject({
      phase: 'PartiallyFailed',
      errors: 1,
      hookStatus: { hooksAttempted: 1, hooksFailed: 1 },
    })
    const { results } = await readResultFiles(cluster, 'default')
    expect(results).toEqual({
      errors: {
        namespaces: {
          'shop-db': [
            'hook <from-annotation> in container db in pod shop-db/orders-0 not executed: context deadline exceeded',
          ],
        },
      },
      warnings: {},
    })
  })

  it('runs each hook once its container is up, in order, and tells failures pod by pod', async () => {
    await putBackup(cluster, {
      name: 'order',
      items: [
        aPod('order', 'good', { labels: { app: 'x' } }),
        aPod('order', 'bad', { annotations: hook('["fail","secret-word"]', { 'on-error': 'Fail' }) }),
        aPod('order', 'lost', { annotations: hook('true', { container: 'nowhere' }) }),
      ],
    })
    front.behave(({ command }) => (command[0] === 'fail' ? 3 : 0))
    const exec = (command: string) => ({ exec: { command: [command], waitForReady: true } })
    await restoreOf('order', {
      hooks: {
        resources: [
          {
            name: 'two',
            includedNamespaces: ['order'],
            labelSelector: { matchLabels: { app: 'x' } },
            postHooks: [exec('first'), exec('second')],
          },
        ],
      },
    })
    await Promise.all([runPod('order', 'good'), runPod('order', 'bad')])
    const { status } = await awaitRestore(cluster, 'order')
    expect(status).toMatchObject({ phase: 'PartiallyFailed', hookStatus: { hooksAttempted: 4, hooksFailed: 2 } })
    const { results, log } = await readResultFiles(cluster, 'order')
    expect(results?.errors.namespaces?.['order']?.sort()).toEqual([
      'hook <from-annotation> in container app failed to execute, err: command terminated with exit code 3',
      'hook <from-annotation> in container nowhere in pod order/lost not executed: the pod has no container nowhere',
    ])
    expect(front.sent.filter(({ pod }) => pod === 'good').map(({ command }) => command)).toEqual([
      ['first'],
      ['second'],
    ])
    expect(log).not.toContain('secret-word')
    expect(worker.log()).not.toContain('secret-word')
  })

  it('a restore without hooks says so', async () => {
    await createRestore(cluster, { name: 'none', spec: { backupName: 'shop', includedResources: ['configmaps'] } })
    const { status } = await awaitRestore(cluster, 'none')
    expect(status?.hookStatus).toEqual({})
  })

  it.each(['at-most-once', 'at-least-once'])('a worker killed while a hook runs: %s', async (mode) => {
    await putBackup(cluster, {
      name: mode,
      items: [aPod(mode, 'slow', { annotations: hook('sleep', { 'exec-timeout': '2m' }) })],
    })
    const begun = () => front.sent.filter(({ namespace }) => namespace === mode).length
    front.behave(({ namespace }) => (namespace === mode && begun() === 1 ? 'hang' : 0))
    await restoreOf(mode, {}, { 'drydock.io/hooks': mode })
    await runPod(mode, 'slow')
    await waitUntil(() => begun() === 1, 60_000, 'the hook to run')
    worker.kill('SIGKILL')
    worker = await startWorker(front.cluster)
    const { status } = await awaitRestore(cluster, mode)
    const { results } = await readResultFiles(cluster, mode)
    if (mode === 'at-least-once') {
      expect(status).toMatchObject({ phase: 'Completed', hookStatus: { hooksAttempted: 1 } })
      expect(begun()).toBe(2)
      // Commands may hold secrets: they stay in the journal only where a retry may need them.
      const journal = await listKeys(cluster, `restores/${mode}/drydock/`)
      expect(journal.filter((key) => key.includes('/hooks/')).map((key) => key.split('/').pop())).toEqual([
        'closed.json.gz',
        'deadline.json.gz',
        'verdict.json.gz',
      ])
    } else {
      expect(status).toMatchObject({ phase: 'PartiallyFailed', hookStatus: { hooksAttempted: 1, hooksFailed: 1 } })
      expect(results?.errors.namespaces?.[mode]?.[0]).toContain('hook <from-annotation> in container app may have run')
      expect(begun()).toBe(1)
    }
  })

  it('a hook without end of its wait is given up with the resource timeout', async () => {
    await worker.stop()
    worker = await startWorker(front.cluster, { DRYDOCK_RESOURCE_TIMEOUT: '5s' })
    await putBackup(cluster, { name: 'endless', items: [aPod('endless', 'never', { annotations: hook('true') })] })
    await restoreOf('endless')
    const { status } = await awaitRestore(cluster, 'endless')
    expect(status).toMatchObject({ phase: 'PartiallyFailed', hookStatus: { hooksAttempted: 1, hooksFailed: 1 } })
    const { results } = await readResultFiles(cluster, 'endless')
    expect(results?.errors.namespaces).toEqual({
      endless: ['hook <from-annotation> in container app in pod endless/never not executed: context deadline exceeded'],
    })
  })
})
