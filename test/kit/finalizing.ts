import { MockActivityEnvironment } from '@temporalio/testing'
import { DefaultLogger } from '@temporalio/worker'
import { createFactsCache } from '../../activities/finalize/finalize-facts.ts'
import type { FinalizeParts } from '../../activities/finalize/finalize-restore.ts'
import type { FinalizeContext, FinalizeFinding, FinalizeTask } from '../../activities/finalize/task.ts'
import { waiting } from '../../activities/frame/failures.ts'
import { isWait } from '../../contract/look.ts'
import type { Attempt } from '../../activities/frame/run-activity.ts'
import type { Session, Sessions } from '../../activities/frame/session.ts'
import { openJournal, outcomesShard, readPlan, shards } from '../../activities/frame/journal.ts'
import type { StoredAdmission } from '../../activities/frame/journal.ts'
import type { Ports } from '../../activities/ports.ts'
import type { Settings } from '../../activities/settings.ts'
import { itemKey } from '../../core/items/outcome.ts'
import type { Outcome } from '../../core/items/outcome.ts'
import type { Manifest } from '../../velero/manifest.ts'
import { formatGroupResource, parseApiVersion } from '../../velero/resource.ts'
import type { ObjectRef } from '../../velero/resource.ts'
import type { BackupVolumeInfo } from '../../velero/volume-info.ts'
import { claimedAnnotation } from '../../velero/labels.ts'
import { readConfig } from '../../worker/config.ts'
import { createBuckets } from '../ports/bucket/bucket.ts'
import { createClock } from '../ports/clock.ts'
import type { SimulatedClock } from '../ports/clock.ts'
import { createCluster } from '../ports/cluster/cluster.ts'
import type { InMemoryCluster } from '../ports/cluster/cluster.ts'
import { createExec } from '../ports/exec.ts'
import { createLog } from '../ports/log.ts'

/** The restore whose finalization is tested; its Restore is named `again`. */
export interface RestoreUnderTest {
  /** Objects that it created: they stand in the cluster, and their outcomes in the journal. */
  created?: readonly Manifest[]
  /** What else their outcomes say, by the names of the objects. */
  about?: Readonly<Record<string, Partial<Outcome>>>
  /** Other outcomes. */
  outcomes?: readonly Outcome[]
  /** Annotations of the Restore. */
  annotations?: Record<string, string>
  /** What the backup says of its volumes. */
  volumes?: readonly BackupVolumeInfo[]
  /** Settings of the worker, over the defaults. */
  settings?: Partial<Settings>
}

/** A finalization in memory: a cluster, a bucket and a clock, and what tasks and activities work with. */
export interface Finalizing {
  cluster: InMemoryCluster
  clock: SimulatedClock
  log: ReturnType<typeof createLog>
  session: Session
  /** What a task is called with. */
  context: FinalizeContext
  /** What the activities are made of. */
  parts: FinalizeParts
  /** Runs a task until it ends; what it waits for takes no real time. */
  run: (task: FinalizeTask) => Promise<FinalizeFinding>
  /** Runs an activity as its given attempt. */
  attempt: <T>(activity: () => Promise<T>, attempt?: number) => Promise<T>
}

/** The Restore as its activities name it. */
export const ref = { namespace: 'velero', name: 'again', uid: 'uid-of-again', cluster: 'c', location: 'default' }

/** Makes the world of a restore whose items are restored. No process is started, and no time passes but that of its clock. */
export async function finalizing(restore: RestoreUnderTest = {}): Promise<Finalizing> {
  const clock = createClock()
  const cluster = createCluster(clock)
  const log = createLog()
  const { name, namespace, uid } = ref
  const annotations = { [claimedAnnotation]: 'worker-1', ...restore.annotations }
  const status = { phase: 'Finalizing' }
  const metadata = { name, namespace, uid, annotations }
  cluster.place({ apiVersion: 'velero.io/v1', kind: 'Restore', metadata, spec: { backupName: 'shop' }, status })
  const ports = await makePorts({ cluster, clock, log })
  const settings = { ...readConfig({}).settings, ...restore.settings }
  const session = await openSession(ports, restore)
  const created = (restore.created ?? []).map((manifest) => outcomeOf(cluster.place(manifest), cluster, clock))
  const about = (outcome: Outcome) => ({ ...outcome, ...restore.about?.[outcome.object?.name ?? ''] })
  const outcomes = [...(await Promise.all(created)).map(about), ...(restore.outcomes ?? [])]
  await session.journal.write(outcomesShard('waves/0', 'a', 0), outcomes)
  await session.journal.write(shards.facts, { volumes: { infos: Object.fromEntries(entriesOf(restore.volumes)) } })
  const sessions: Sessions = {
    open: async () => session,
    withPlan: () => Promise.reject(new Error('this restore has no archive: test what needs one in test/e2e')),
    planOf: ({ journal }) => readPlan(journal),
    forget: () => undefined,
  }
  const deadlineMs = clock.nowMs() + settings.resourceTimeoutSeconds * 1000
  const context: FinalizeContext = {
    ports,
    settings,
    session,
    sessions,
    attempt: anAttempt(),
    facts: await createFactsCache()(session, 'run'),
    deadlineMs,
    isOver: () => clock.nowMs() >= deadlineMs,
  }
  return {
    cluster,
    clock,
    log,
    session,
    context,
    parts: { ports, sessions, settings },
    run: (task) => clock.run(untilOver(task, context)),
    attempt: (activity, attempt = 1) => {
      const environment = new MockActivityEnvironment({ attempt }, { logger: new DefaultLogger('ERROR') })
      return clock.run(environment.run(activity))
    },
  }
}

/** What a task is called with where the cluster does something else. */
export function withCluster(
  { context }: Finalizing,
  more: Partial<FinalizeContext['ports']['cluster']>,
): FinalizeContext {
  const { ports } = context
  return { ...context, ports: { ...ports, cluster: { ...ports.cluster, ...more } } }
}

/** Runs a task as often as it has something to wait for. */
async function untilOver(task: FinalizeTask, context: FinalizeContext): Promise<FinalizeFinding> {
  for (let number = 1; ; number++) {
    const attempt = { ...context.attempt, number, id: String(number) }
    const finding = await task.run({ ...context, attempt })
    if (!isWait(finding)) return finding
    await context.ports.clock.sleep(finding.afterSeconds * 1000)
  }
}

async function makePorts(parts: Pick<Finalizing, 'cluster' | 'clock' | 'log'>): Promise<Ports> {
  const { cluster, clock, log } = parts
  const stores = createBuckets()
  stores.make('backups')
  return {
    cluster: cluster.connect(),
    stores,
    archives: { open: () => Promise.reject(new Error('there is no archive')) },
    presence: {
      worker: 'worker-1',
      assertMayWrite: () => undefined,
      begin: () => () => undefined,
      fence: async () => undefined,
      hasUnanswered: () => false,
      settle: async () => undefined,
    },
    exec: createExec(clock).connect(),
    clock,
    log,
  }
}

async function openSession({ stores, clock }: Ports, { annotations = {} }: RestoreUnderTest): Promise<Session> {
  const store = await stores.open({
    apiVersion: 'velero.io/v1',
    kind: 'BackupStorageLocation',
    metadata: { name: ref.location, namespace: ref.namespace },
    spec: { provider: 'aws', objectStorage: { bucket: 'backups' }, config: { region: 'here' } },
  })
  const startedAt = clock.now().toISOString()
  const { name, namespace, uid, location } = ref
  const admission: StoredAdmission = {
    restore: { name, namespace, uid, creationTimestamp: startedAt, annotations },
    spec: { backupName: 'shop' },
    backup: { apiVersion: 'velero.io/v1', kind: 'Backup', metadata: { name: 'shop', namespace }, spec: {} },
    location,
    startedAt,
  }
  return { ref, store, journal: openJournal(store, ref), admission }
}

/** The outcome of an object that was created. */
async function outcomeOf(live: Manifest, cluster: InMemoryCluster, clock: SimulatedClock): Promise<Outcome> {
  const { group, version } = parseApiVersion(live.apiVersion)
  const kinds = await cluster.connect().discover()
  const kind = kinds.find((one) => one.kind === live.kind && one.group === group && one.version === version)
  if (kind === undefined) throw new Error(`the cluster does not serve ${live.apiVersion} ${live.kind}`)
  const { name, namespace, uid = '' } = live.metadata
  const place = { name, ...(namespace === undefined ? {} : { namespace }) }
  const object: ObjectRef & { uid: string } = { group, version, resource: kind.resource, ...place, uid }
  const groupResource = formatGroupResource(kind.resource, group)
  return {
    key: itemKey({ groupResource, ...place }),
    action: 'created',
    object,
    messages: [],
    at: clock.now().toISOString(),
  }
}

function entriesOf(volumes: readonly BackupVolumeInfo[] = []): [string, BackupVolumeInfo][] {
  return volumes.map((volume, index) => [volume.pvName ?? String(index), volume])
}

function anAttempt(): Attempt {
  const { signal } = new AbortController()
  const nothing = () => undefined
  const fence = () => Promise.resolve()
  const now = { number: 1, id: 'a', signal, carried: undefined, isLate: false }
  return { ...now, throwIfStopped: nothing, waitingFor: nothing, done: nothing, fence, pause: waiting }
}
