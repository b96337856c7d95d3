import { isAlreadyExists, refusalOf } from '../../core/port-errors.ts'
import { error, parseItemKey } from '../../core/items/outcome.ts'
import type { Outcome } from '../../core/items/outcome.ts'
import { timeoutOrDefaultMs } from '../../core/values/go-duration.ts'
import { chunkKey } from '../../core/plan/plan.ts'
import { tallyOf } from '../../core/results/tally.ts'
import { textAt } from '../../core/values/fields.ts'
import { backupRepository } from '../../core/volumes/backup-repository.ts'
import type { RepositoryKey } from '../../core/volumes/backup-repository.ts'
import { decidePodVolumes } from '../../core/volumes/decide-pod-volumes.ts'
import type { PodVolumesStep, PodVolumeRules } from '../../core/volumes/decide-pod-volumes.ts'
import { podVolumeRestoreName, withEarlierOrders } from '../../core/volumes/pod-volume-restore.ts'
import type { PodWithVolumes } from '../../core/volumes/pod-volume-restore.ts'
import { podVolumeTimeoutAnnotation } from '../../velero/labels.ts'
import { cachedByRun } from '../frame/cached-by-run.ts'
import { assertUnderway, carriedTo, lookAgain, pauseAfter, runActivity, waitSince } from '../frame/run-activity.ts'
import type { Attempt } from '../frame/run-activity.ts'
import { outcomesShard, readOutcomes } from '../frame/journal.ts'
import { cancelOrder, podVolumeRestores } from '../operations/node-agent-orders.ts'
import { restoreFieldManager } from '../frame/restore-resource.ts'
import type { Look, Wait } from '../../contract/look.ts'
import type { AdmittedRef } from '../../contract/restore-workflow.ts'
import type { Session, WorkerParts } from '../frame/session.ts'
import { rfc3339 } from '../../velero/manifest.ts'
import { orderPodVolume } from './order-pod-volumes.ts'
import type { OrderContext } from './order-pod-volumes.ts'
import { readHosts, readOrders } from './read-pod-volume-state.ts'
import type { HostsSeen, OrdersSeen } from './read-pod-volume-state.ts'

/** Which restore, and which waves of its plan are pods. */
export interface PodVolumesInput {
  ref: AdmittedRef
  waves: readonly number[]
  look?: Look
  /** Attempts of an earlier run may still be able to write. */
  follows?: true
}

const lookSeconds = { first: 2, last: 15 } as const
/** How many pods the reason of a wait names. */
const namesMax = 3
const group = 'pod-volumes'

/**
 * Has the volumes of restored pods filled by node agents: creates the PodVolumeRestores that are missing, and sees to
 * each until its own deadline. The result for a pod is an outcome in the journal; a later look skips that pod.
 */
export function awaitPodVolumes(parts: WorkerParts) {
  const worksIn = cachedByRun(readWorks)
  return (input: PodVolumesInput): Promise<{ pods: number; errors: number } | Wait> => {
    const { ref } = input
    const doing = `filling pod volumes of restore ${ref.name}`
    const frame = { doing, scope: `${ref.uid}/${group}`, followsEarlierRun: input.follows === true }
    return runActivity(parts.ports.presence, frame, async (attempt) => {
      const session = await parts.sessions.open(ref)
      await assertUnderway(parts.ports.cluster, ref, { isReset: input.follows === true })
      const works = await worksIn(session, input.waves)
      return fillVolumes(input, works, await beginLook({ session, parts, attempt, look: input.look }))
    })
  }
}

/** What one look works with. */
interface VolumeWait extends OrderContext {
  parts: WorkerParts
  attempt: Attempt
  session: Session
  rules: PodVolumeRules
  /** Texts of refused creates, by the name of the PodVolumeRestore. */
  refused: Map<string, string>
  /** Since when a node has no running node agent, in milliseconds, by the node's name. */
  missingSince: Map<string, number>
}

async function fillVolumes({ ref, look }: PodVolumesInput, all: readonly PodWithVolumes[], wait: VolumeWait) {
  const { session, attempt, parts } = wait
  const known = await readOutcomes(session.journal, group)
  const open = all.filter((one) => !known.some(({ key }) => key === keyOf(one)))
  const done = [...known]
  const waiting: string[] = []
  if (open.length > 0) {
    const read = await readOrders(parts.ports.cluster, ref, true)
    const orders = { ...read, podVolumeRestores: withEarlierOrders(read.podVolumeRestores, open, wait.restore) }
    const seen = await takeSteps(open, orders, await readHostsAgain(open, wait), wait)
    if (seen.ended.length > 0) await session.journal.write(outcomesShard(group, attempt.id, 0), seen.ended)
    done.push(...seen.ended)
    waiting.push(...seen.waiting)
  }
  attempt.done(done.length)
  if (done.length >= all.length) return { pods: all.length, errors: done.flatMap(({ messages }) => messages).length }
  return lookAgain(attempt, look, {
    waitingFor: waiting.length === 0 ? 'the volumes of pods' : sentence(waiting),
    afterSeconds: pauseAfter(attempt.number, lookSeconds),
    carry: { refused: [...wait.refused], missingSince: [...wait.missingSince] },
  })
}

/** The restored pods whose volumes are to be filled. A retry gives those of the run before their time anew. */
async function readWorks({ journal, admission }: Session, waves: readonly number[]): Promise<PodWithVolumes[]> {
  const retriedAt = admission.retry?.at ?? ''
  const outcomes = await Promise.all(waves.map((wave) => readOutcomes(journal, waveOf(wave))))
  return [...tallyOf(outcomes.flat()).values()].flatMap(({ key, action, object, podVolumes, ...outcome }) => {
    const item = parseItemKey(key)
    if (action !== 'created' || item === undefined || object === undefined || podVolumes === undefined) return []
    const pod = { namespace: object.namespace ?? '', name: object.name, uid: object.uid }
    return [{ item, pod, volumes: podVolumes, at: outcome.at > retriedAt ? outcome.at : retriedAt }]
  })
}

interface LookParts {
  session: Session
  parts: WorkerParts
  attempt: Attempt
  look: Look | undefined
}

async function beginLook({ session, parts, attempt, look }: LookParts): Promise<VolumeWait> {
  const { restore, spec, backup } = session.admission
  const { settings, ports } = parts
  const view = { ...restore, spec }
  const carried = (carriedTo(attempt, look) ?? {}) as {
    refused?: [string, string][]
    missingSince?: [string, number][]
  }
  const missingSince = new Map(carried.missingSince)
  const location = backup.spec.storageLocation ?? session.ref.location
  return {
    parts,
    attempt,
    session,
    cluster: ports.cluster,
    restore: view,
    location,
    refused: new Map(carried.refused),
    missingSince,
    rules: {
      location,
      timeoutMs: timeoutOrDefaultMs(
        restore.annotations?.[podVolumeTimeoutAnnotation],
        settings.podVolumeTimeoutSeconds * 1000,
      ),
      resourceTimeoutMs: settings.resourceTimeoutSeconds * 1000,
      sinceMs: await waitSince(session.journal, group, ports.clock.now()),
      nameOf: (one, volume) => podVolumeRestoreName(one, volume, view),
      agentMissingSince: (node) => missingSince.get(node),
    },
  }
}

async function readHostsAgain(open: readonly PodWithVolumes[], wait: VolumeWait): Promise<HostsSeen> {
  const hosts = await readHosts(wait.cluster, wait.session.ref, open)
  const now = wait.parts.ports.clock.now().getTime()
  for (const node of hosts.agents) wait.missingSince.delete(node)
  const used = new Set(open.map(({ pod }) => textAt(hosts.pods.get(pod.uid), 'spec', 'nodeName')))
  for (const node of hosts.nodes) {
    if (used.has(node) && !hosts.agents.has(node) && !wait.missingSince.has(node)) wait.missingSince.set(node, now)
  }
  return hosts
}

async function takeSteps(open: readonly PodWithVolumes[], orders: OrdersSeen, hosts: HostsSeen, wait: VolumeWait) {
  const now = wait.parts.ports.clock.now()
  const facts = { ...orders, ...hosts, nowMs: now.getTime(), refused: wait.refused }
  const ended: Outcome[] = []
  const waiting: string[] = []
  const asked = new Set<string>()
  for (const one of open) {
    const step = decidePodVolumes(one, facts, wait.rules)
    switch (step.do) {
      case 'end': {
        await cancelOrders(step, orders, wait)
        ended.push({ key: keyOf(one), messages: step.errors.map((text) => error('velero', text)), at: rfc3339(now) })
        break
      }
      case 'wait':
        waiting.push(step.because)
        break
      case 'create repository':
        waiting.push(step.because)
        await requestRepository(step.key, asked, wait)
        break
      case 'create':
        await orderVolumes(one, step, wait)
        break
    }
  }
  return { ended, waiting }
}

async function orderVolumes(
  one: PodWithVolumes,
  step: Extract<PodVolumesStep, { do: 'create' }>,
  wait: VolumeWait,
): Promise<void> {
  for (const volume of step.volumes) {
    wait.attempt.throwIfStopped()
    const { repoIdentifier } = step
    const refusal = await orderPodVolume({ work: one, volume, repoIdentifier }, wait)
    if (refusal !== undefined) wait.refused.set(wait.rules.nameOf(one, volume.volume), refusal)
  }
}

async function cancelOrders(
  step: Extract<PodVolumesStep, { do: 'end' }>,
  orders: OrdersSeen,
  wait: VolumeWait,
): Promise<void> {
  for (const name of step.cancel) {
    const found = orders.podVolumeRestores.get(name)
    if (found !== undefined) await cancelOrder(wait.cluster, podVolumeRestores, found)
  }
}

/** Creates the BackupRepository of a namespace, once for all its pods. After a refusal the pods wait for it until their deadline. */
async function requestRepository(
  key: RepositoryKey,
  asked: Set<string>,
  { cluster, restore, parts }: VolumeWait,
): Promise<void> {
  const manifest = backupRepository(key, restore.namespace)
  if (asked.has(manifest.metadata.name)) return
  asked.add(manifest.metadata.name)
  const resource = { group: 'velero.io', version: 'v1', resource: 'backuprepositories' }
  try {
    await cluster.create(resource, restore.namespace, manifest, { fieldManager: restoreFieldManager })
  } catch (thrown) {
    if (isAlreadyExists(thrown)) return
    parts.ports.log.warn(`BackupRepository ${manifest.metadata.name} cannot be made: ${refusalOf(thrown).message}`)
  }
}

function sentence(waiting: readonly string[]): string {
  const more = waiting.length > namesMax ? [`${waiting.length - namesMax} more pods`] : []
  return [...waiting.slice(0, namesMax), ...more].join('; ')
}

function keyOf({ pod }: PodWithVolumes): string {
  return podVolumesKey(pod)
}

/** The key of the outcome about the volumes of a pod. */
export function podVolumesKey(pod: { namespace?: string; name: string }): string {
  return `${group}/${pod.namespace ?? ''}/${pod.name}`
}

/** The folder of a wave's outcomes. */
function waveOf(wave: number): string {
  return chunkKey(wave, 0).split('/')[0] ?? ''
}
