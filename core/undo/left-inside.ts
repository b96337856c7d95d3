import type { Manifest } from '../../velero/manifest.ts'
import { formatGroupResource } from '../../velero/resource.ts'
import { isDerived } from '../values/derived-objects.ts'
import { firstNames } from '../values/first-names.ts'
import { nameOf } from './undo-step.ts'

/** An object that stands in a namespace, or is one of a kind. */
export interface Inside {
  group: string
  resource: string
  manifest: Pick<Manifest, 'metadata'>
}

/** Kinds that nobody keeps: their objects come anew, and go with the namespace. */
const passing: ReadonlySet<string> = new Set(['events', 'events.events.k8s.io', 'pods.metrics.k8s.io'])

/**
 * The objects that stand in the way of a deletion, as people name them: not those that the undo deletes, those that are on their way
 * out, what the cluster makes on its own, and what belongs to any of them.
 */
export function leftInside(found: readonly Inside[], deleted: ReadonlySet<string>): string[] {
  const goes = new Set(deleted)
  const isGoing = ({ group, resource, manifest: { metadata } }: Inside) => {
    const kind = formatGroupResource(resource, group)
    return (
      goes.has(metadata.uid ?? '') ||
      metadata.deletionTimestamp !== undefined ||
      passing.has(kind) ||
      isDerived(kind, metadata.name) ||
      (metadata.ownerReferences ?? []).some(({ uid }) => goes.has(uid))
    )
  }
  let left = [...found]
  for (let before = -1; before !== left.length;) {
    before = left.length
    for (const one of left) if (isGoing(one)) goes.add(one.manifest.metadata.uid ?? '')
    left = left.filter((one) => !isGoing(one))
  }
  const names = left.map(({ manifest: { metadata }, ...kind }) => nameOf({ ...kind, ...metadata }))
  return [...new Set(names)].toSorted()
}

/** How many names a sentence has. */
const namesMax = 3

/** Why a namespace or a definition stays; undefined where nothing is left. */
export function whyItStays(left: readonly string[]): string | undefined {
  if (left.length === 0) return undefined
  return `what the restore did not create is left: ${firstNames(left, namesMax)}`
}
