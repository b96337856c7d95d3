import { Client, Connection } from '@temporalio/client'
import { beforeAll, describe, expect, it } from 'vitest'
import { workflowIdOf } from '../../../contract/restore-workflow.ts'
import type { Restore } from '../../../velero/restore.ts'
import { aPod } from '../../kit/backups/a-pod.ts'
import { putBackup } from '../../kit/backups/put-backup.ts'
import { movedClaims } from '../../kit/backups/volume-backups.ts'
import { openExecFront } from '../../kit/exec-front.ts'
import type { ExecFront } from '../../kit/exec-front.ts'
import { awaitRestore, createRestore, getRestore, withAdmin } from '../../kit/restores.ts'
import { freshCluster } from '../../kit/stack.ts'
import type { TestCluster } from '../../kit/stack.ts'
import { waitUntil } from '../../kit/wait-until.ts'
import { startNodeAgent } from '../../kit/velero/node-agent.ts'
import type { Verdict } from '../../kit/velero/node-agent.ts'
import { startWorker } from '../../kit/worker.ts'

/** A worker has 16 slots more than chunks: fewer than restores that wait here. */
const env = { DRYDOCK_CHUNKS_MAX: '1', DRYDOCK_FEATURES: 'EnableCSI', DRYDOCK_ITEM_OPERATION_SYNC: '2s' }
const numbers = Array.from({ length: 9 }, (_, index) => index)
const events = '/apis/events.k8s.io/v1/namespaces/velero/events'

describe('more restores that wait than the worker has slots', () => {
  let cluster: TestCluster
  let front: ExecFront
  let verdict: Verdict = 'stuck'
  beforeAll(async () => {
    cluster = await freshCluster({ backups: ['shop'] })
    front = await openExecFront(cluster)
    await startWorker(front.cluster, env)
    await startNodeAgent(cluster, { verdict: () => verdict })
    await putBackup(cluster, movedClaims('moved', 'app', 1))
    const annotations = { 'post.hook.restore.velero.io/command': 'true' }
    await putBackup(cluster, { name: 'hooked', items: [aPod('app', 'web', { annotations })] })
  })

  const phaseOf = ({ status }: Restore) => status?.phase ?? ''
  const each = async (work: (name: string, kind: 'hooked' | 'moved') => Promise<unknown>) => {
    for (const n of numbers) await Promise.all([work(`hooked-${n}`, 'hooked'), work(`moved-${n}`, 'moved')])
  }

  it('lets another restore through, and goes on itself once there is nothing to wait for', async () => {
    await each((name, kind) =>
      createRestore(cluster, { name, spec: { backupName: kind, namespaceMapping: { app: name } } }),
    )
    await each((name) => awaitRestore(cluster, name, (one) => /^(WaitingFor|Finalizing)/.test(phaseOf(one))))
    const spec = { backupName: 'shop', includedResources: ['configmaps'] }
    await createRestore(cluster, { name: 'through', spec })
    expect((await awaitRestore(cluster, 'through')).status?.phase).toBe('Completed')

    // Between two looks the activity is with Temporal alone, and its last beat says that it has ended in order.
    const restore = (await getRestore(cluster, 'hooked-0')) as Restore
    await waitUntil(async () => isBetweenLooks(await pendingHooks(cluster, restore)), 60_000, 'a look to have ended')

    await waitUntil(() => withAdmin(cluster, isTold), 150_000, 'Events about both kinds of waits')

    verdict = 'complete'
    await withAdmin(cluster, async (admin) => {
      const containerStatuses = [
        { name: 'app', image: 'i', imageID: '', ready: true, restartCount: 0, state: { running: {} } },
      ]
      await each(async (name, kind) => {
        if (kind === 'hooked')
          await admin.must(
            'PATCH',
            `/api/v1/namespaces/${name}/pods/web/status`,
            { status: { phase: 'Running', containerStatuses } },
            'application/merge-patch+json',
          )
      })
    })
    await each(async (name) => expect([name, phaseOf(await awaitRestore(cluster, name))]).toEqual([name, 'Completed']))
    expect(front.sent).toHaveLength(numbers.length)
  })
})

async function pendingHooks(cluster: TestCluster, { metadata }: Restore) {
  const connection = await Connection.connect({ address: cluster.temporal.address })
  try {
    const { name, namespace = '', uid = '' } = metadata
    const handle = new Client({ connection }).workflow.getHandle(workflowIdOf({ name, namespace, uid }))
    const { pendingActivities = [] } = (await handle.describe()).raw
    return pendingActivities?.find(({ activityType }) => activityType?.name === 'runHooks')
  } finally {
    await connection.close()
  }
}

function isBetweenLooks(pending: Awaited<ReturnType<typeof pendingHooks>>): boolean {
  const data = pending?.heartbeatDetails?.payloads?.[0]?.data ?? new Uint8Array()
  const isOver = Buffer.from(data).toString().includes('"over":true')
  return isOver && pending?.nextAttemptScheduleTime != null
}

/** Whether Events say what two of the restores wait for, and what the cluster says of it. */
async function isTold(admin: Parameters<Parameters<typeof withAdmin>[1]>[0]): Promise<boolean> {
  const { items } = (await admin.must('GET', events)).body as {
    items: { reason: string; note: string; regarding: { name: string } }[]
  }
  const notes = (name: string) =>
    items.filter(({ reason, regarding }) => reason === 'Waiting' && regarding.name === name).map(({ note }) => note)
  return (
    notes('hooked-0').some((note) => note.includes('hooks in pod hooked-0/web, ')) &&
    notes('moved-0').some((note) => note.includes('is New: no node agent has taken it yet'))
  )
}
