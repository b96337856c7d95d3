import type { Manifest } from '../../velero/manifest.ts'
import type { PodVolume } from '../items/outcome.ts'
import { textAt, valueAt } from '../values/fields.ts'
import { repositoryState, repositoryTypeOf } from './backup-repository.ts'
import type { RepositoryKey } from './backup-repository.ts'
import type { PodWithVolumes } from './pod-volume-restore.ts'

/** The state of the cluster in one round of the polling. */
export interface PodVolumeFacts {
  nowMs: number
  /** Whether DaemonSet `node-agent` exists. */
  nodeAgent: boolean
  repositories: readonly Manifest[]
  /** The PodVolumeRestores of this restore, by name. */
  podVolumeRestores: ReadonlyMap<string, Manifest>
  /** The pods with volumes, by uid. */
  pods: ReadonlyMap<string, Manifest>
  /** The names of the cluster's nodes. */
  nodes: ReadonlySet<string>
  /** The names of the nodes on which a node agent runs. */
  agents: ReadonlySet<string>
  /** The API server's messages about PodVolumeRestores that it refused to create, by name. */
  refused: ReadonlyMap<string, string>
}

/** Location, timeouts and names for the volumes of a restore. */
export interface PodVolumeRules {
  location: string
  /** `--fs-backup-timeout`, or the timeout in the annotation of the Restore. */
  timeoutMs: number
  /** `--resource-timeout`, for the repository. */
  resourceTimeoutMs: number
  /** When this attempt began to wait for repositories. */
  sinceMs: number
  /** The name of the PodVolumeRestore of a volume. */
  nameOf: (target: PodWithVolumes, volume: string) => string
  /** Since when a node has had no node agent; undefined if it has one, or was not checked. */
  agentMissingSince: (node: string) => number | undefined
}

/** What to do next for the volumes of a pod. */
export type PodVolumesStep =
  | { do: 'create repository'; key: RepositoryKey; because: string }
  /** Create the PodVolumeRestores of these volumes. */
  | { do: 'create'; volumes: readonly PodVolume[]; repoIdentifier: string }
  | { do: 'wait'; because: string }
  /** All volumes are done, or cannot be filled. `cancel` has the names of PodVolumeRestores that have not ended. */
  | { do: 'end'; errors: readonly string[]; cancel: readonly string[] }

/**
 * Decides the next step for the volumes of one pod. Each pod is judged alone, so one that does not progress neither
 * delays others nor hides their errors. The errors are Velero's. First missing PodVolumeRestores are created, unless
 * something prevents that they are ever filled; then the step is to wait, up to the deadline.
 */
export function decidePodVolumes(target: PodWithVolumes, facts: PodVolumeFacts, rules: PodVolumeRules): PodVolumesStep {
  const missing = target.volumes.filter(({ volume }) => {
    const name = rules.nameOf(target, volume)
    return !facts.podVolumeRestores.has(name) && !facts.refused.has(name)
  })
  const errors = errorsOf(target, facts, rules)
  const open = target.volumes.map(({ volume }) => rules.nameOf(target, volume)).filter((name) => isOpen(name, facts))
  const end = (...more: string[]): PodVolumesStep => ({ do: 'end', errors: [...errors, ...more], cancel: open })
  if (missing.length === 0 && open.length === 0) return end()
  const obstacle = whyNotFillable(target, facts, rules)
  if (obstacle !== undefined) return end(obstacle)
  const late = Date.parse(target.at) + rules.timeoutMs < facts.nowMs
  if (missing.length > 0 && !late) {
    const step = stepToCreate({ target, missing }, facts, rules)
    return 'error' in step ? end(step.error) : step
  }
  if (late) {
    const stuck = target.volumes.filter(
      (one) => missing.includes(one) || open.includes(rules.nameOf(target, one.volume)),
    )
    const names = stuck.map(({ volume }) => volume).join(', ')
    return end(
      `timed out waiting for all PodVolumeRestores to complete: pod ${target.pod.namespace}/${target.pod.name}, volume ${names}`,
    )
  }
  return { do: 'wait', because: progressOf(target, facts, rules) }
}

function stepToCreate(
  { target, missing }: { target: PodWithVolumes; missing: readonly PodVolume[] },
  facts: PodVolumeFacts,
  rules: PodVolumeRules,
): PodVolumesStep | { error: string } {
  if (!facts.nodeAgent) return { error: 'error to check node agent status: daemonset not found' }
  const repository = repositoryTypeOf(target.volumes)
  if ('error' in repository) return repository
  const key = { namespace: target.item.namespace ?? '', location: rules.location, type: repository.type }
  const state = repositoryState(key, facts.repositories)
  const late = Math.max(Date.parse(target.at), rules.sinceMs) + rules.resourceTimeoutMs < facts.nowMs
  const timedOut = (why: string) => ({ error: `failed to wait BackupRepository, timeout exceeded: ${why}` })
  const because = `the backup repository of namespace ${key.namespace} in location ${key.location} to be ready`
  switch (state.is) {
    case 'ready':
      return { do: 'create', volumes: missing, repoIdentifier: key.type === 'restic' ? state.identifier : '' }
    case 'broken':
      return { error: `failed to wait BackupRepository, errored early: ${state.error}` }
    case 'missing':
      return late ? timedOut('backup repository not found') : { do: 'create repository', key, because }
    case 'not ready yet':
      return late ? timedOut('backup repository not provisioned') : { do: 'wait', because }
  }
}

function isOpen(name: string, facts: PodVolumeFacts): boolean {
  const found = facts.podVolumeRestores.get(name)
  return found !== undefined && !['Completed', 'Failed', 'Canceled'].includes(textAt(found, 'status', 'phase'))
}

function errorsOf(target: PodWithVolumes, facts: PodVolumeFacts, rules: PodVolumeRules): string[] {
  return target.volumes.flatMap(({ volume }) => {
    const name = rules.nameOf(target, volume)
    const refusal = facts.refused.get(name)
    if (refusal !== undefined) return [refusal]
    const found = facts.podVolumeRestores.get(name)
    const message = textAt(found, 'status', 'message')
    switch (textAt(found, 'status', 'phase')) {
      case 'Failed':
        return [`pod volume restore failed: ${message}`]
      case 'Canceled':
        return [`pod volume restore canceled: ${message}`]
      default:
        return []
    }
  })
}

function progressOf(target: PodWithVolumes, facts: PodVolumeFacts, rules: PodVolumeRules): string {
  const states = target.volumes.flatMap(({ volume }) => {
    const name = rules.nameOf(target, volume)
    if (!isOpen(name, facts)) return []
    const found = facts.podVolumeRestores.get(name)
    const total = valueAt(found, 'status', 'progress', 'totalBytes')
    const done = valueAt(found, 'status', 'progress', 'bytesDone')
    const bytes = typeof total === 'number' ? ` ${typeof done === 'number' ? done : 0} of ${total} bytes` : ''
    return [`${volume} ${textAt(found, 'status', 'phase') || 'New'}${bytes}`]
  })
  const node = textAt(facts.pods.get(target.pod.uid), 'spec', 'nodeName')
  const where = node === '' ? ', which is not scheduled' : ''
  return `pod ${target.pod.namespace}/${target.pod.name}${where}: ${states.join(', ')}`
}

/** A node agent that restarts is missing for less than this. */
const agentRestartMs = 30_000

/**
 * Why the volumes of a pod can never be filled; undefined if they can. Velero checks the node agent once, when the pod
 * is scheduled, and never checks pod and node again.
 */
function whyNotFillable(target: PodWithVolumes, facts: PodVolumeFacts, rules: PodVolumeRules): string | undefined {
  const { namespace, name, uid } = target.pod
  const pod = facts.pods.get(uid)
  if (pod === undefined) return `pod volume restore cannot go on: pod ${namespace}/${name} was deleted`
  const phase = textAt(pod, 'status', 'phase')
  if (phase === 'Failed' || phase === 'Succeeded') {
    return `pod volume restore cannot go on: pod ${namespace}/${name} has ended as ${phase}: ${textAt(pod, 'status', 'message')}`
  }
  const node = textAt(pod, 'spec', 'nodeName')
  if (node === '') return undefined
  if (!facts.nodes.has(node)) {
    return `pod volume restore cannot go on: node ${node} of pod ${namespace}/${name} is gone`
  }
  if (facts.agents.has(node)) return undefined
  const since = rules.agentMissingSince(node)
  if (since === undefined || facts.nowMs - since < Math.min(agentRestartMs, rules.resourceTimeoutMs)) return undefined
  return `node-agent pod is not running in node ${node}: daemonset pod not found in running state in node ${node}`
}
