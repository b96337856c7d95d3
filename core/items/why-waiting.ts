import type { Manifest } from '../../velero/manifest.ts'
import { objectsAt, textAt } from '../values/fields.ts'

/** Conditions of a namespace that name what stands in the way of its end, the most telling ones first. */
const obstacles: readonly string[] = [
  'NamespaceDeletionDiscoveryFailure',
  'NamespaceDeletionGroupVersionParsingFailure',
  'NamespaceDeletionContentFailure',
  'NamespaceFinalizersRemaining',
  'NamespaceContentRemaining',
]

/** What the server says of a namespace that stays `Terminating`, as the end of a sentence; empty where it says nothing. */
export function whyNamespaceStays(namespace: Manifest): string {
  const conditions = objectsAt(namespace, 'status', 'conditions').filter((one) => textAt(one, 'status') === 'True')
  const said = obstacles.flatMap((type) => {
    const message = textAt(
      conditions.find((one) => textAt(one, 'type') === type),
      'message',
    )
    return message === '' ? [] : [message]
  })
  if (said.length > 0) return `: ${said.join('; ')}`
  const finalizers = namespace.metadata.finalizers ?? []
  return finalizers.length === 0 ? '' : `: it has finalizers ${finalizers.join(', ')}`
}

/** Why an object that is being deleted still stands, as the end of a sentence; empty where nothing tells. */
export function whyObjectStays({ metadata: { finalizers = [] } }: Manifest): string {
  const others = finalizers.filter((one) => one !== 'foregroundDeletion')
  if (others.length > 0) return `: it has finalizers ${others.join(', ')}`
  return finalizers.length === 0 ? '' : ': objects that it owns still stand'
}

/**
 * What the cluster says of a pod that is not up, as the end of a sentence: why it is not scheduled (for instance a claim that
 * nobody can bind), or what its containers wait for. Empty where it says nothing.
 */
export function whyPodIsNotUp(pod: Manifest): string {
  const scheduled = objectsAt(pod, 'status', 'conditions').find((one) => textAt(one, 'type') === 'PodScheduled')
  if (textAt(scheduled, 'status') === 'False') return `, which is not scheduled: ${textAt(scheduled, 'message')}`
  const states = ['initContainerStatuses', 'containerStatuses'].flatMap((field) => objectsAt(pod, 'status', field))
  const waiting = states.find((one) => textAt(one, 'state', 'waiting', 'reason') !== '')
  if (waiting !== undefined) {
    const said = [textAt(waiting, 'state', 'waiting', 'reason'), textAt(waiting, 'state', 'waiting', 'message')]
    return `, whose container ${textAt(waiting, 'name')} waits: ${said.filter((text) => text !== '').join(': ')}`
  }
  if (textAt(pod, 'spec', 'nodeName') === '') return ', which is not scheduled'
  return states.length === 0 ? `, of which node ${textAt(pod, 'spec', 'nodeName')} has not reported yet` : ''
}

/** What the server says of a CRD that is not `Established` yet; `no condition yet` where it says nothing. */
export function whyNotEstablished(crd: Manifest): string {
  const conditions = objectsAt(crd, 'status', 'conditions')
  const bad = conditions.filter(
    (one) => textAt(one, 'status') === (textAt(one, 'type') === 'NonStructuralSchema' ? 'True' : 'False'),
  )
  const said = bad.map(
    (one) => `${textAt(one, 'type')} is ${textAt(one, 'status')}: ${textAt(one, 'message') || textAt(one, 'reason')}`,
  )
  return said.length === 0 ? 'the API server has said nothing of it yet' : said.join('; ')
}
