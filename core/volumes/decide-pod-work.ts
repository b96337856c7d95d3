import type { Manifest } from '../../velero/manifest.ts'
import type { PodVolume } from '../items/outcome.ts'
import { textAt, valueAt } from '../values/fields.ts'
import { repositoryState, repositoryTypeOf } from './backup-repository.ts'
import type { RepositoryKey } from './backup-repository.ts'
import type { PodWork } from './pod-volumes.ts'

/** The cluster as it was seen for one round. */
export interface VolumeWorld {
  nowMs: number
  /** Whether DaemonSet `node-agent` is there. */
  nodeAgent: boolean
  repositories: readonly Manifest[]
  /** PodVolumeRestores of this restore, by name. */
  orders: ReadonlyMap<string, Manifest>
  /** Pods with work, by uid. */
  pods: ReadonlyMap<string, Manifest>
  /** Names of the cluster's nodes. */
  nodes: ReadonlySet<string>
  /** Names of nodes on which a node agent runs. */
  agents: ReadonlySet<string>
  /** Orders that the API server refused, by name, with its words. */
  refused: ReadonlyMap<string, string>
}

/** What the waiting is bounded by. */
export interface VolumeRules {
  location: string
  /** `--fs-backup-timeout`, or what the Restore's annotation says. */
  timeoutMs: number
  /** `--resource-timeout`, for the repository. */
  resourceTimeoutMs: number
  /** When the waiting for repositories began. */
  sinceMs: number
  nameOf: (work: PodWork, volume: string) => string
  /** Since when no node agent was seen beside the pod; undefined where there is one or nobody looked. */
  agentMissingSince: (node: string) => number | undefined
}

/** What is to be done for a pod next. */
export type PodStep =
  | { do: 'ask for repository'; key: RepositoryKey; because: string }
  | { do: 'order'; volumes: readonly PodVolume[]; repoIdentifier: string }
  | { do: 'wait'; because: string }
  /** Nothing more will come; orders that are still open are to be called off. */
  | { do: 'end'; errors: readonly string[]; cancel: readonly string[] }

/**
 * Decides the next step for the volumes of one pod. Each pod is judged for itself, so a stuck one neither holds up nor
 * hides another; the errors are Velero's. Orders first, then what keeps them from being carried out, then the deadline.
 */
export function decidePodWork(work: PodWork, world: VolumeWorld, rules: VolumeRules): PodStep {
  const missing = work.volumes.filter(({ volume }) => {
    const name = rules.nameOf(work, volume)
    return !world.orders.has(name) && !world.refused.has(name)
  })
  const errors = errorsSoFar(work, world, rules)
  const open = work.volumes.map(({ volume }) => rules.nameOf(work, volume)).filter((name) => isOpen(name, world))
  const end = (...more: string[]): PodStep => ({ do: 'end', errors: [...errors, ...more], cancel: open })
  if (missing.length === 0 && open.length === 0) return end()
  const trouble = troubleOf(work, world, rules)
  if (trouble !== undefined) return end(trouble)
  const late = Date.parse(work.at) + rules.timeoutMs < world.nowMs
  if (missing.length > 0 && !late) {
    const step = stepToOrder(work, missing, world, rules)
    if ('error' in step) return end(step.error)
    return step
  }
  if (late) {
    const stuck = work.volumes.filter((one) => missing.includes(one) || open.includes(rules.nameOf(work, one.volume)))
    const names = stuck.map(({ volume }) => volume).join(', ')
    return end(
      `timed out waiting for all PodVolumeRestores to complete: pod ${work.pod.namespace}/${work.pod.name}, volume ${names}`,
    )
  }
  return { do: 'wait', because: waitsFor(work, world, rules) }
}

function stepToOrder(
  work: PodWork,
  missing: readonly PodVolume[],
  world: VolumeWorld,
  rules: VolumeRules,
): PodStep | { error: string } {
  if (!world.nodeAgent) return { error: 'error to check node agent status: daemonset not found' }
  const repository = repositoryTypeOf(work.volumes)
  if ('error' in repository) return repository
  const key = { namespace: work.item.namespace ?? '', location: rules.location, type: repository.type }
  const state = repositoryState(key, world.repositories)
  const late = Math.max(Date.parse(work.at), rules.sinceMs) + rules.resourceTimeoutMs < world.nowMs
  const timedOut = (why: string) => ({ error: `failed to wait BackupRepository, timeout exceeded: ${why}` })
  const because = `the backup repository of namespace ${key.namespace} in location ${key.location} to be ready`
  switch (state.is) {
    case 'ready':
      return { do: 'order', volumes: missing, repoIdentifier: key.type === 'restic' ? state.identifier : '' }
    case 'broken':
      return { error: `failed to wait BackupRepository, errored early: ${state.error}` }
    case 'missing':
      return late ? timedOut('backup repository not found') : { do: 'ask for repository', key, because }
    case 'coming':
      return late ? timedOut('backup repository not provisioned') : { do: 'wait', because }
  }
}

function isOpen(name: string, world: VolumeWorld): boolean {
  const order = world.orders.get(name)
  return order !== undefined && !['Completed', 'Failed', 'Canceled'].includes(textAt(order, 'status', 'phase'))
}

function errorsSoFar(work: PodWork, world: VolumeWorld, rules: VolumeRules): string[] {
  return work.volumes.flatMap(({ volume }) => {
    const name = rules.nameOf(work, volume)
    const refusal = world.refused.get(name)
    if (refusal !== undefined) return [refusal]
    const order = world.orders.get(name)
    const message = textAt(order, 'status', 'message')
    switch (textAt(order, 'status', 'phase')) {
      case 'Failed':
        return [`pod volume restore failed: ${message}`]
      case 'Canceled':
        return [`pod volume restore canceled: ${message}`]
      default:
        return []
    }
  })
}

function waitsFor(work: PodWork, world: VolumeWorld, rules: VolumeRules): string {
  const states = work.volumes.flatMap(({ volume }) => {
    const name = rules.nameOf(work, volume)
    if (!isOpen(name, world)) return []
    const order = world.orders.get(name)
    const total = valueAt(order, 'status', 'progress', 'totalBytes')
    const done = valueAt(order, 'status', 'progress', 'bytesDone')
    const bytes = typeof total === 'number' ? ` ${typeof done === 'number' ? done : 0} of ${total} bytes` : ''
    return [`${volume} ${textAt(order, 'status', 'phase') || 'New'}${bytes}`]
  })
  const node = textAt(world.pods.get(work.pod.uid), 'spec', 'nodeName')
  const where = node === '' ? ', which is not scheduled' : ''
  return `pod ${work.pod.namespace}/${work.pod.name}${where}: ${states.join(', ')}`
}

/** A node agent that restarts is away for a while; this long is no restart. */
const agentPatienceMs = 30_000

/**
 * Why no node agent will ever fill the volumes of a pod; undefined where one may. Velero looks for a node agent once,
 * when the pod is scheduled, and never for pod and node.
 */
export function troubleOf(work: PodWork, world: VolumeWorld, rules: VolumeRules): string | undefined {
  const { namespace, name, uid } = work.pod
  const pod = world.pods.get(uid)
  if (pod === undefined) return `pod volume restore cannot go on: pod ${namespace}/${name} was deleted`
  const phase = textAt(pod, 'status', 'phase')
  if (phase === 'Failed' || phase === 'Succeeded') {
    return `pod volume restore cannot go on: pod ${namespace}/${name} has ended as ${phase}: ${textAt(pod, 'status', 'message')}`
  }
  const node = textAt(pod, 'spec', 'nodeName')
  if (node === '') return undefined
  if (!world.nodes.has(node)) {
    return `pod volume restore cannot go on: node ${node} of pod ${namespace}/${name} is gone`
  }
  if (world.agents.has(node)) return undefined
  const since = rules.agentMissingSince(node)
  if (since === undefined || world.nowMs - since < Math.min(agentPatienceMs, rules.resourceTimeoutMs)) return undefined
  return `node-agent pod is not running in node ${node}: daemonset pod not found in running state in node ${node}`
}
