import { setTimeout as sleep } from 'node:timers/promises'
import { Client, Connection, WorkflowNotFoundError } from '@temporalio/client'
import { locksWorkflowIdOf } from '../../contract/lock-workflow.ts'
import { workflowIdOf } from '../../contract/restore-workflow.ts'
import { isSweptByVelero } from '../../core/results/restore-status.ts'
import { restartFailureReason } from '../../velero/defaults.ts'
import { rfc3339 } from '../../velero/manifest.ts'
import { isTerminal } from '../../velero/phases.ts'
import type { Restore } from '../../velero/restore.ts'
import { clusterIdOf, createRestore, getRestore, withAdmin } from '../kit/restores.ts'
import type { SentCommand } from '../kit/exec-front.ts'
import { backupName } from './lane.ts'
import type { Lane } from './lane.ts'
import { hooks, namespaces } from './mixed-backup.ts'
import type { Disturbance } from './schedule.ts'
import { sweepByVelero } from './velero-sweep.ts'

/** A restore of a lane, from its Restore to a while after its end. */
export interface ChaosRun {
  lane: Lane
  name: string
  disturbances: readonly Disturbance[]
  /** The Restore as it stands in the end. */
  restore: Restore
  /** When it was created, and when its end was seen, in milliseconds; undefined where it has not ended in time. */
  begunAtMs: number
  endedAtMs: number | undefined
  /** How many requests were counted until then. */
  requests: { api: number; bucket: number }
  /** The commands that were sent to its containers. */
  sent: readonly SentCommand[]
}

/**
 * How much longer a restore may take than so many undisturbed ones. What disturbs it ends within 40 s, and waits between attempts
 * grow to half a minute.
 */
const endsWithinMs = 240_000
const endsWithinLengths = 4
/** How long the end is watched for writes that come late. */
const afterwardsMs = 3_000
const lookMs = 100

/** What is done to a restore. */
export interface Disturbed {
  disturbances: readonly Disturbance[]
  /** How long a restore takes that nothing disturbs, in milliseconds. */
  lengthMs: number
}

/** Restores under this name while these disturbances come, each in its time. Those that come after the end are left out. */
export async function runRestore(lane: Lane, name: string, { disturbances, lengthMs }: Disturbed): Promise<ChaosRun> {
  await lane.whole()
  const sentBefore = lane.sent.length
  for (const way of ['api', 'bucket'] as const)
    lane.faults[way].begin(
      new Map(
        disturbances.flatMap((one) => (one.kind === 'request' && one.way === way ? [[one.n, one.fault] as const] : [])),
      ),
    )
  const restore = await createRestore(lane.cluster, {
    name,
    spec: {
      backupName,
      namespaceMapping: Object.fromEntries(namespaces.map((one) => [one, `${name}-${one}`])),
      hooks,
    },
  })
  const begunAtMs = Date.now()
  const givenUpAtMs = begunAtMs + endsWithinMs + endsWithinLengths * lengthMs
  const over = new AbortController()
  const disturbing = Promise.all(
    disturbances.map((one) => disturb(one, { lane, restore, lengthMs, over: over.signal })),
  )
  // What goes wrong with it is thrown below; without this it would end the process before that.
  disturbing.catch(() => undefined)
  let endedAtMs: number | undefined
  let seen = restore
  while (endedAtMs === undefined && Date.now() < givenUpAtMs) {
    await sleep(lookMs)
    seen = (await getRestore(lane.cluster, name)) ?? seen
    if (isOver(seen)) endedAtMs = Date.now()
  }
  over.abort()
  const requests = { api: lane.faults.api.count(), bucket: lane.faults.bucket.count() }
  for (const way of ['api', 'bucket'] as const) lane.faults[way].begin(new Map())
  await disturbing
  await sleep(afterwardsMs)
  seen = (await getRestore(lane.cluster, name)) ?? seen
  return { lane, name, disturbances, restore: seen, begunAtMs, endedAtMs, requests, sent: lane.sent.slice(sentBefore) }
}

/** A mark of a starting Velero server is no end: a worker puts the phase back. */
const isOver = ({ status = {} }: Restore): boolean => isTerminal(status.phase) && !isSweptByVelero(status)

interface Victim {
  lane: Lane
  restore: Restore
  lengthMs: number
  /** Told when the restore is over. */
  over: AbortSignal
}

/** Waits until it is time, and does it; resolves when its effect is over. */
async function disturb(one: Disturbance, victim: Victim): Promise<void> {
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
      return disturbFromOutside(one, victim)
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

/** A conflict with another writer, or an end that came first, leaves it as it is. */
async function patchRestore({ cluster }: Lane, name: string, patch: object): Promise<void> {
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
