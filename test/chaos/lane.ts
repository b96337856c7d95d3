import type { IncomingMessage } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { addBackups } from '../../devstack/cluster/cluster-setup.ts'
import type { Cluster, TemporalAddress, BucketAddress } from '../../devstack/stack-types.ts'
import { withClient } from '../../devstack/with-client.ts'
import { putBackup } from '../kit/backups/put-backup.ts'
import { standInKubelet, writeKubeconfig } from '../kit/exec-front.ts'
import type { SentCommand } from '../kit/exec-front.ts'
import { whenFileIsOver } from '../kit/run/clean-up.ts'
import type { TestCluster } from '../kit/stack.ts'
import { startNodeAgent } from '../kit/velero/node-agent.ts'
import { startWorker } from '../kit/worker.ts'
import type { TestWorker } from '../kit/worker.ts'
import { openHttpGate } from './gates/http-gate.ts'
import { openTcpGate } from './gates/tcp-gate.ts'
import { createRequestFaults, createWeather, together } from './gates/weather.ts'
import type { RequestFaults, Weather } from './gates/weather.ts'
import { mixedBackup } from './mixed-backup.ts'
import { workerCount } from './schedule.ts'
import type { Way } from './schedule.ts'
import type { OwnServers } from './servers.ts'
import { startPods } from './stand-in-pods.ts'

/** The servers of a lane: a cluster that keeps an audit log and that nobody else uses, a bucket, a Temporal server. */
export interface Ground {
  cluster: Cluster
  s3: BucketAddress
  /** The lane's own place in the bucket. */
  prefix: string
  temporal: TemporalAddress
  /** Items of the backup, about. */
  items: number
  /** A restore is swept by a real Velero server; otherwise by a write in its words. */
  hasVelero?: boolean
  /** Where nobody else uses the servers. */
  servers?: OwnServers
}

/** A worker process with its own ways to the API server and to Temporal. */
export interface LaneWorker {
  process: TestWorker
  weather: Pick<Record<Way, Weather>, 'api' | 'temporal'>
}

/** A cluster with workers whose ways to all servers lead through gates. One restore runs in it at a time. */
export interface Lane {
  /** As a person sees it, around the gates. */
  cluster: TestCluster
  items: number
  hasVelero: boolean
  servers?: OwnServers
  /** The weather of all workers. */
  weather: Record<Way, Weather>
  faults: Record<'api' | 'bucket', RequestFaults>
  /** All commands that were sent to containers. */
  sent: SentCommand[]
  /** The worker of that number; undefined while it starts. */
  worker(number: number): LaneWorker | undefined
  /** Starts a worker in the place of the one of that number, however long it takes; that one is left alone. */
  replace(number: number): Promise<void>
  /** Waits until each place has a worker that is ready. */
  whole(): Promise<void>
}

/** The name of the backup that its restores restore. */
export const backupName = 'mixed'

/** Small, so that a disturbance comes in the midst of several chunks, each with some items done: at most fifty for each kind. */
const settingsFor = (items: number) => ({
  DRYDOCK_CHUNK_ITEMS: String(Math.max(25, Math.ceil(items / 100))),
  DRYDOCK_CHECKPOINT_ITEMS: String(Math.max(5, Math.ceil(items / 500))),
  DRYDOCK_ITEMS_IN_FLIGHT: '4',
  DRYDOCK_FEATURES: 'EnableCSI',
  DRYDOCK_ITEM_OPERATION_SYNC: '1s',
  DRYDOCK_VELERO_CONTROLLERS: 'off',
  DRYDOCK_WITHOUT_VELERO: 'present',
  DRYDOCK_SHUTDOWN_GRACE_SECONDS: '5',
})

/** The writes of a restore to the API server take about so long in all, whatever the number of its items. */
const writesMs = 16_000

/** Opens a lane, with the backup and its workers. All of it ends with `cleanUp`. */
export async function openLane(ground: Ground): Promise<Lane> {
  const weather = { api: createWeather(), bucket: createWeather(), temporal: createWeather() }
  const faults = { api: createRequestFaults(), bucket: createRequestFaults() }
  const bucket = await openHttpGate({
    target: { url: ground.s3.endpoint },
    weather: weather.bucket,
    faults: faults.bucket,
    counts: () => true,
    refusal: bucketRefusal,
  })
  whenFileIsOver(() => bucket.close())
  const { veleroNamespace } = ground.cluster
  const location = { s3: { ...ground.s3, endpoint: bucket.address }, prefix: ground.prefix }
  await withClient(ground.cluster, (client) =>
    addBackups(client, { namespace: veleroNamespace, location, backups: [] }),
  )
  const cluster: TestCluster = {
    ...ground.cluster,
    s3: ground.s3,
    prefix: ground.prefix,
    temporal: ground.temporal,
  }
  await putBackup(cluster, mixedBackup(backupName, ground.items))
  await startNodeAgent(cluster, { stepMs: 500 })
  whenFileIsOver(startPods(cluster).stop)
  const { items, hasVelero = false, servers } = ground
  const own = servers === undefined ? {} : { servers }
  const lane: Lane = { cluster, items, hasVelero, ...own, weather, faults, sent: [], ...startWorkers(() => lane) }
  await Promise.all(Array.from({ length: workerCount }, (_, number) => lane.replace(number)))
  return lane
}

function startWorkers(laneOf: () => Lane): Pick<Lane, 'worker' | 'replace' | 'whole'> {
  const workers: (LaneWorker | undefined)[] = []
  const starting = new Map<number, Promise<void>>()
  let started = 0
  const over = new AbortController()
  const endWithFile = () => whenFileIsOver(() => over.abort())
  // Where the first one never gets ready, this alone ends the attempts to start it.
  endWithFile()

  /** A worker that ends by itself, or cannot start, is started again, as a Deployment does it. */
  async function start(number: number): Promise<void> {
    while (!over.signal.aborted) {
      const worker = await startOne(laneOf(), `drydock/${number + 1}.${++started}`).catch((error: unknown) => {
        if (!over.signal.aborted) console.error(`a worker is started again: ${String(error).slice(0, 300)}`)
        return undefined
      })
      if (worker === undefined) {
        await sleep(1_000)
        continue
      }
      workers[number] = worker
      // What is noted last comes first: a worker that the clean-up ends is not started again.
      endWithFile()
      void worker.process.ended.then(() => {
        if (workers[number] === worker && !over.signal.aborted) void replace(number)
      })
      return
    }
  }

  function replace(number: number): Promise<void> {
    const running = starting.get(number) ?? start(number).finally(() => starting.delete(number))
    starting.set(number, running)
    return running
  }
  return {
    worker: (number) => workers[number],
    replace,
    async whole() {
      while (starting.size > 0) await Promise.all(starting.values())
    },
  }
}

/** `agent` is what its requests are called in the audit log. */
async function startOne(lane: Lane, agent: string): Promise<LaneWorker> {
  const { cluster } = lane
  const weather = { api: createWeather(), temporal: createWeather() }
  const api = await openHttpGate({
    target: { url: cluster.kubeUrl, ca: cluster.kubeCa },
    weather: together(lane.weather.api, weather.api),
    faults: lane.faults.api,
    counts: isItemWrite,
    delayMs: Math.round(writesMs / lane.items),
    refusal: apiRefusal,
    userAgent: agent,
  })
  standInKubelet(api.server, lane.sent)
  const temporal = await openTcpGate(cluster.temporal.address, together(lane.weather.temporal, weather.temporal))
  const close = () => {
    api.close()
    temporal.close()
  }
  whenFileIsOver(close)
  const kubeconfig = writeKubeconfig(cluster, api.address)
  const seen = { ...cluster, kubeconfig, temporal: { ...cluster.temporal, address: temporal.address } }
  const process = await startWorker(seen, settingsFor(lane.items))
  void process.ended.then(close)
  return { process, weather }
}

/** Renewals of Leases and reviews of access come at any time, so they do not count. */
function isItemWrite({ method = 'GET', url = '' }: IncomingMessage): boolean {
  return method !== 'GET' && !/\/(leases|selfsubjectaccessreviews)\b/.test(url)
}

/**
 * As an API server says that it is busy, or that its etcd does not answer. An error with the reason `InternalError` is no fault of
 * that kind: it is an answer about the object, and the item has its error, as in Velero.
 */
function apiRefusal(code: number): { code: number; type: string; body: string } {
  const told =
    code === 429
      ? { message: 'too many requests, please try again later', reason: 'TooManyRequests' }
      : { message: 'etcdserver: request timed out' }
  const status = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', ...told, code }
  return { code, type: 'application/json', body: JSON.stringify(status) }
}

/** A bucket that is busy says so in its own way. */
function bucketRefusal(code: number): { code: number; type: string; body: string } {
  const [status, name] = code === 429 ? [503, 'SlowDown'] : [500, 'InternalError']
  const body = `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${name}</Code><Message>chaos</Message></Error>`
  return { code: status, type: 'application/xml', body }
}
