import type { Client } from '@temporalio/client'
import type { Ports } from '../../activities/ports.ts'
import { createArchives } from './archives.ts'
import { createBuckets } from './bucket/bucket.ts'
import type { BucketsState, InMemoryBuckets } from './bucket/bucket.ts'
import { withCalls } from './calls.ts'
import type { Around } from './calls.ts'
import { createClock } from './clock.ts'
import type { SimulatedClock } from './clock.ts'
import { createCluster } from './cluster/cluster.ts'
import type { ClusterState, InMemoryCluster } from './cluster/cluster.ts'
import { createRecorder } from './plugins/delete-actions.ts'
import type { InMemoryRecorder } from './plugins/delete-actions.ts'
import { createExec } from './exec.ts'
import type { InMemoryExec } from './exec.ts'
import { Death } from './faults.ts'
import { createLog } from './log.ts'
import { createLeases } from './presence/presence.ts'
import type { InMemoryLeases } from './presence/presence.ts'
import { createCloud } from './plugins/snapshotters.ts'
import type { InMemoryCloud } from './plugins/snapshotters.ts'
import { createTemporal } from './temporal.ts'
import type { InMemoryTemporal, InMemoryWorkflow } from './temporal.ts'
import { createReceiver } from './webhook.ts'
import type { InMemoryReceiver } from './webhook.ts'

/** All that is outside of activities, in memory and in simulated time. */
export interface World {
  clock: SimulatedClock
  cluster: InMemoryCluster
  buckets: InMemoryBuckets
  leases: InMemoryLeases
  exec: InMemoryExec
  temporal: InMemoryTemporal
  log: ReturnType<typeof createLog>
  cloud: InMemoryCloud
  deleteAction: InMemoryRecorder
  receiver: InMemoryReceiver
  /** Starts a process of a worker. Each of its calls passes through `around`. */
  startProcess(around?: Around): WorkerProcess
  /** A copy of all that outlasts processes; a world that is made from it goes on from there. */
  state(): WorldState
}

/** What outlasts processes. */
export interface WorldState {
  now: Date
  cluster: ClusterState
  buckets: BucketsState
  workflows: ReadonlyMap<string, InMemoryWorkflow>
  ran: readonly string[]
  processes: number
  volumes: readonly string[]
  snapshots: readonly string[]
  recorded: readonly string[]
  received: ReadonlyMap<string, string>
}

/** A process of a worker, as its activities see the world. */
export interface WorkerProcess {
  ports: Ports
  temporal: Client
  /** Ends it at once: no call of it has an effect any more, and its Lease is not renewed. */
  die(): void
}

/** Makes an empty world, or goes on from a state. */
export function createWorld(from?: WorldState): World {
  const clock = createClock(from?.now)
  const cluster = createCluster(clock, from?.cluster)
  const buckets = createBuckets(from?.buckets)
  const leases = createLeases(clock)
  const exec = createExec(clock, from?.ran)
  const temporal = createTemporal(clock, from?.workflows)
  const log = createLog()
  const cloud = createCloud(from?.volumes, from?.snapshots)
  const deleteAction = createRecorder(from?.recorded)
  const receiver = createReceiver(from?.received)
  let processes = from?.processes ?? 0

  function startProcess(around: Around = (_call, run) => run()): WorkerProcess {
    const presence = leases.start(`drydock-worker-${++processes}`)
    const state = { isDead: false }
    const alive: Around = (call, run) => {
      if (state.isDead) return Promise.reject(new Death(`${call.name} of a dead process`))
      return around(call, run)
    }
    const assertMayWrite = () => presence.assertMayWrite()
    const ports: Ports = {
      cluster: cluster.connect(assertMayWrite),
      stores: buckets,
      archives: createArchives(),
      presence,
      exec: exec.connect(assertMayWrite),
      clock,
      log,
      snapshotters: cloud.connect(alive),
      deleteActions: deleteAction.connect(alive),
      webhook: receiver.connect(alive),
    }
    return {
      ports: withCalls(ports, alive),
      temporal: temporal.connect(alive),
      die() {
        state.isDead = true
        presence.cutOff()
      },
    }
  }

  return {
    clock,
    cluster,
    buckets,
    leases,
    exec,
    temporal,
    log,
    cloud,
    deleteAction,
    receiver,
    startProcess,
    state: () => ({
      now: clock.now(),
      cluster: cluster.state(),
      buckets: buckets.state(),
      workflows: temporal.state(),
      ran: [...exec.ran],
      processes,
      volumes: [...cloud.volumes],
      snapshots: [...cloud.snapshots],
      recorded: [...deleteAction.recorded],
      received: new Map(receiver.received),
    }),
  }
}
