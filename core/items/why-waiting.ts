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
