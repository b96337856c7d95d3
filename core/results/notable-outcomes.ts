import type { Outcome } from '../items/outcome.ts'
import { forEachInSteps } from '../values/slices.ts'
import type { Steps } from '../values/slices.ts'
import type { Tally } from './tally.ts'

/** What an outcome of most items has: that its object was created, and nothing else. */
const plainFields = new Set(['key', 'action', 'listed', 'object', 'version', 'messages', 'at'])

/** Resources whose items leave something to do or to tell when all are through. */
const notableResources = ['persistentvolumeclaims|', 'persistentvolumes|', 'datauploads.velero.io|']

/**
 * The outcomes that tell more than that an object was created or is there, and those about volumes. Of a large restore these are few:
 * what looks for operations, hooks, volumes or remarks goes through them alone.
 */
export function* notableInSteps(tally: Tally): Steps<Tally> {
  const notable = new Map<string, Outcome>()
  yield* forEachInSteps(tally.values(), (outcome) => {
    if (isNotable(outcome)) notable.set(outcome.key, outcome)
  })
  return notable
}

function isNotable(outcome: Outcome): boolean {
  if (outcome.messages.length > 0) return true
  for (const field in outcome) if (!plainFields.has(field)) return true
  return notableResources.some((resource) => outcome.key.startsWith(resource))
}
