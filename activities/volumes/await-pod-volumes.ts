import { isAlreadyExists, refusalOf } from '../../core/port-errors.ts'
import { error, parseItemKey } from '../../core/items/outcome.ts'
import type { Outcome } from '../../core/items/outcome.ts'
import { timeoutOrDefaultMs } from '../../core/values/go-duration.ts'
import { chunkKey } from '../../core/plan/plan.ts'
import { tallyOf } from '../../core/results/tally.ts'
import { backupRepository } from '../../core/volumes/backup-repository.ts'
import type { RepositoryKey } from '../../core/volumes/backup-repository.ts'
import { decidePodVolumes } from '../../core/volumes/decide-pod-volumes.ts'
import type { PodVolumesStep, PodVolumeRules } from '../../core/volumes/decide-pod-volumes.ts'
import { podVolumeRestoreName } from '../../core/volumes/pod-volume-restore.ts'
import type { PodWithVolumes } from '../../core/volumes/pod-volume-restore.ts'
import { podVolumeTimeoutAnnotation } from '../../velero/labels.ts'
import { runActivity } from '../frame/run-activity.ts'
import type { Attempt } from '../frame/run-activity.ts'
import { outcomesShard, readOutcomes } from '../frame/journal.ts'
import { cancelOrder, podVolumeRestores } from '../operations/node-agent-orders.ts'
import { restoreFieldManager } from '../frame/restore-resource.ts'
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
}

const pollMs = 2000
/** Pods, nodes and node agents are read once in this number of rounds. */
const hostsEvery = 3
/** How many pods the reason of a wait names. */
const namesMax = 3
const group = 'pod-volumes'

/**
 * Has the volumes of restored pods filled by node agents: creates the PodVolumeRestores that are missing, then waits for
 * each, until its own deadline. The result for a pod is an outcome in the journal; a later attempt skips that pod.
 */
export function awaitPodVolumes(parts: WorkerParts) {
  return (input: PodVolumesInput): Promise<{ pods: number; errors: number }> => {
    const { ref } = input
    const frame = { doing: `filling pod volumes of restore ${ref.name}`, scope: `${ref.uid}/${group}` }
    return runActivity(parts.ports.presence, frame, (attempt) => fillVolumes(input, parts, attempt))
  }
}

/** What one attempt keeps between rounds. */
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

async function fillVolumes({ ref, waves }: PodVolumesInput, parts: WorkerParts, attempt: Attempt) {
  const session = await parts.sessions.open(ref)
  const outcomes = await Promise.all(waves.map((wave) => readOutcomes(session.journal, waveOf(wave))))
  const known = await readOutcomes(session.journal, group)
  const all = podWorks(outcomes.flat())
  let errors = known.flatMap(({ messages }) => messages).length
  let open = all.filter((one) => !known.some(({ key }) => key === keyOf(one)))
  const wait = beginWait(session, parts, attempt)
  let hosts: HostsSeen | undefined
  let orders: OrdersSeen | undefined
  for (let round = 0; open.length > 0; round++) {
    attempt.throwIfStopped()
    orders = await readOrders(parts.ports.cluster, ref, lacksOrders(open, orders, wait))
    if (round % hostsEvery === 0 || hosts === undefined) hosts = await readHostsAgain(open, wait)
    const { ended, waiting } = await takeSteps(open, orders, hosts, wait)
    if (ended.length > 0) await session.journal.write(outcomesShard(group, attempt.id, round), ended)
    errors += ended.flatMap(({ messages }) => messages).length
    open = open.filter((one) => !ended.some(({ key }) => key === keyOf(one)))
    attempt.done(all.length - open.length)
    attempt.waitingFor(waiting.length === 0 ? undefined : sentence(waiting))
    if (open.length > 0) await parts.ports.clock.sleep(pollMs, attempt.signal)
  }
  return { pods: all.length, errors }
}

/** The restored pods whose volumes are to be filled. */
function podWorks(outcomes: readonly Outcome[]): PodWithVolumes[] {
  return [...tallyOf(outcomes).values()].flatMap(({ key, action, object, podVolumes, at }) => {
    const item = parseItemKey(key)
    if (action !== 'created' || item === undefined || object === undefined || podVolumes === undefined) return []
    const pod = { namespace: object.namespace ?? '', name: object.name, uid: object.uid }
    return [{ item, pod, volumes: podVolumes, at }]
  })
}

function beginWait(session: Session, parts: WorkerParts, attempt: Attempt): VolumeWait {
  const { restore, spec, backup } = session.admission
  const { settings, ports } = parts
  const view = { ...restore, spec }
  const missingSince = new Map<string, number>()
  const location = backup.spec.storageLocation ?? session.ref.location
  return {
    parts,
    attempt,
    session,
    cluster: ports.cluster,
    restore: view,
    location,
    refused: new Map(),
    missingSince,
    rules: {
      location,
      timeoutMs: timeoutOrDefaultMs(
        restore.annotations?.[podVolumeTimeoutAnnotation],
        settings.podVolumeTimeoutSeconds * 1000,
      ),
      resourceTimeoutMs: settings.resourceTimeoutSeconds * 1000,
      sinceMs: ports.clock.now().getTime(),
      nameOf: (one, volume) => podVolumeRestoreName(one, volume, view),
      agentMissingSince: (node) => missingSince.get(node),
    },
  }
}

/** Whether PodVolumeRestores are still to be created. In the first round it is not known: true. */
function lacksOrders(
  open: readonly PodWithVolumes[],
  seen: OrdersSeen | undefined,
  { rules, refused }: VolumeWait,
): boolean {
  const isPlaced = (name: string) => seen?.podVolumeRestores.has(name) === true || refused.has(name)
  return open.some((one) => one.volumes.some(({ volume }) => !isPlaced(rules.nameOf(one, volume))))
}

async function readHostsAgain(open: readonly PodWithVolumes[], wait: VolumeWait): Promise<HostsSeen> {
  const hosts = await readHosts(wait.cluster, wait.session.ref, open)
  const now = wait.parts.ports.clock.now().getTime()
  for (const node of hosts.agents) wait.missingSince.delete(node)
  for (const node of hosts.nodes) {
    if (!hosts.agents.has(node) && !wait.missingSince.has(node)) wait.missingSince.set(node, now)
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
  return `${group}/${pod.namespace}/${pod.name}`
}

/** The folder of a wave's outcomes. */
function waveOf(wave: number): string {
  return chunkKey(wave, 0).split('/')[0] ?? ''
}
