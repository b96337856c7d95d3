import { textAt } from '../values/fields.ts'
import type { VolumeRules, VolumeWorld } from './decide-pod-work.ts'
import type { PodWork } from './pod-volume-order.ts'

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
