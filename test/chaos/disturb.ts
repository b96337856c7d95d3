import { setTimeout as sleep } from 'node:timers/promises'
import { Client, Connection, WorkflowNotFoundError } from '@temporalio/client'
import { locksWorkflowIdOf } from '../../contract/lock-workflow.ts'
import { workflowIdOf } from '../../contract/restore-workflow.ts'
import { restartFailureReason } from '../../velero/defaults.ts'
import { cancelAnnotation, pauseAnnotation } from '../../velero/labels.ts'
import { rfc3339 } from '../../velero/manifest.ts'
import type { Restore } from '../../velero/restore.ts'
import { clusterIdOf, getRestore, withAdmin } from '../kit/restores.ts'
import type { Lane } from './lane.ts'
import type { Disturbance } from './schedule.ts'
import { sweepByVelero } from './velero-sweep.ts'

/** What is disturbed. */
export interface Victim {
  lane: Lane
  restore: Restore
  lengthMs: number
  /** Told when the restore is over. */
  over: AbortSignal
}

/** Waits until it is time, and does it; resolves when its effect is over. */
export async function disturb(one: Disturbance, victim: Victim): Promise<void> {
  if (one.kind === 'request') return
  await pause((one.at / 100) * victim.lengthMs, victim.over)
  if (victim.over.aborted) return
  const { lane } = victim
  switch (one.kind) {
    case 'spell': {
      const { way, worker } = one
      const ownWeather = worker === 'all' || way === 'bucket' ? undefined : lane.worker(worker)?.weather[way]
      const end = (ownWeather ?? lane.weather[way]).begin(one.fault)
      await pause(one.forMs, victim.over)
      return end()
    }
    case 'worker':
      return disturbWorker(one, victim)
    case 'other':
      return insist(() => disturbFromOutside(one, victim), victim.over)
    case 'user':
      return disturbAsUser(one, victim)
    case 'server': {
      const { servers } = lane
      if (servers === undefined) throw new Error('the servers of this lane are those of others too: none of them dies')
      await servers.kill(one.server)
      await pause(one.forMs, victim.over)
      return servers.startAgain(one.server)
    }
  }
}

async function disturbWorker(
  { event, worker: number, forMs }: Extract<Disturbance, { kind: 'worker' }>,
  { lane, over }: Victim,
): Promise<void> {
  const worker = lane.worker(number)
  if (worker === undefined) return
  switch (event) {
    case 'kill':
      worker.process.kill('SIGKILL')
      await worker.process.ended
      return lane.replace(number)
    case 'stop':
      await worker.process.stop()
      return lane.replace(number)
    case 'upgrade':
      await lane.replace(number)
      await worker.process.stop()
      return
    case 'freeze':
      worker.process.kill('SIGSTOP')
      await pause(forMs, over)
      worker.process.kill('SIGCONT')
  }
}

async function disturbFromOutside(
  { event }: Extract<Disturbance, { kind: 'other' }>,
  { lane, restore, over }: Victim,
): Promise<void> {
  const { cluster } = lane
  const { name, namespace = '', uid = '' } = restore.metadata
  switch (event) {
    case 'terminate':
      return terminate(lane, workflowIdOf({ name, namespace, uid }))
    case 'terminate-locks':
      return terminate(lane, locksWorkflowIdOf({ namespace, cluster: await clusterIdOf(cluster) }))
    case 'write-restore':
      return patchRestore(lane, name, { metadata: { annotations: { 'example.com/written': 'once' } } })
    case 'sweep': {
      if (lane.hasVelero) return sweepByVelero(cluster, over)
      const found = await getRestore(cluster, name)
      if (found?.status?.phase !== 'InProgress') return
      const completionTimestamp = rfc3339(new Date())
      return patchRestore(lane, name, {
        metadata: { resourceVersion: found.metadata.resourceVersion },
        status: { phase: 'Failed', failureReason: restartFailureReason, completionTimestamp },
      })
    }
  }
}

async function disturbAsUser(
  { event, forMs }: Extract<Disturbance, { kind: 'user' }>,
  { lane, restore, over }: Victim,
): Promise<void> {
  const { name } = restore.metadata
  const annotate = (annotations: Record<string, string | null>) =>
    insist(() => patchRestore(lane, name, { metadata: { annotations } }), over)
  // The retry comes when the restore is over: whoever waits for its end asks for it.
  if (event !== 'pause') return annotate({ [cancelAnnotation]: 'wrong backup' })
  await annotate({ [pauseAnnotation]: 'look at it' })
  await pause(forMs, over)
  await annotate({ [pauseAnnotation]: null })
}

/** Does it again while a server does not answer, until the restore is over. */
async function insist(work: () => Promise<void>, over: AbortSignal): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work()
    } catch (error) {
      if (over.aborted) return
      if (attempt === attemptsMax) throw error
      await pause(1_000, over)
    }
  }
}

const attemptsMax = 60

/** A conflict with another writer, or an end that came first, leaves it as it is. */
export async function patchRestore({ cluster }: Lane, name: string, patch: object): Promise<void> {
  const path = `/apis/velero.io/v1/namespaces/${cluster.veleroNamespace}/restores/${name}`
  await withAdmin(cluster, (admin) => admin.request('PATCH', path, patch, 'application/merge-patch+json'))
}

async function terminate({ cluster }: Lane, workflowId: string): Promise<void> {
  const connection = await Connection.connect({ address: cluster.temporal.address })
  try {
    await new Client({ connection }).workflow.getHandle(workflowId).terminate('by a person in the Web UI')
  } catch (error) {
    // It has not begun yet, or has ended.
    if (!(error instanceof WorkflowNotFoundError)) throw error
  } finally {
    await connection.close()
  }
}

/** Waits so long, or until the restore is over. */
async function pause(ms: number, over: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal: over }).catch(() => undefined)
}
