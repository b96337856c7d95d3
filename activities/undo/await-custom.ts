import type { Look, Wait } from '../../contract/look.ts'
import type { AdmittedRef } from '../../contract/restore-workflow.ts'
import { keptShownMax } from '../../contract/undo-outcome.ts'
import { nameOf } from '../../core/undo/undo-step.ts'
import type { UndoStep } from '../../core/undo/undo-step.ts'
import { formatGroupResource } from '../../velero/resource.ts'
import { listIfServed } from '../frame/served-kinds.ts'
import { lookAgain, pauseAfter } from '../frame/run-activity.ts'
import { runActivity } from '../frame/run-activity.ts'
import type { WorkerParts } from '../frame/session.ts'
import type { Cluster } from '../ports.ts'
import { readSteps } from './undo-journal.ts'

/** Which custom objects of which undo are waited for. */
export interface AwaitCustomInput {
  ref: AdmittedRef
  /** Their kinds, such as `widgets.example.com`. */
  kinds: readonly string[]
  /** When the wait began, in milliseconds since 1970. */
  sinceMs: number
  look: Look
}

/** The wait is over: what has not gone, a clause each, the first ones. */
export interface CustomReport {
  left: string[]
}

const lookSeconds = { first: 1, last: 15 } as const

/**
 * Looks whether the custom objects that an undo has deleted are gone. Finalizers may hold them until their operator has done its part,
 * so nothing else is deleted before; `DRYDOCK_TERMINATING_RESOURCE_TIMEOUT` bounds that.
 */
export function awaitCustom({ ports, sessions, settings }: WorkerParts) {
  return ({ ref, kinds, sinceMs, look }: AwaitCustomInput): Promise<CustomReport | Wait> => {
    const frame = { doing: `waiting for the custom objects that the undo of ${ref.name} has deleted` }
    return runActivity(ports.presence, frame, async (attempt) => {
      const { journal } = await sessions.open(ref)
      const deleted = (await readSteps(journal, 'done')).filter(
        (step) => step.do === 'delete' && kinds.includes(kindOf(step)),
      )
      const left = await standing(ports.cluster, deleted)
      const [first] = left
      const endMs = sinceMs + settings.terminatingTimeoutSeconds * 1000
      if (first === undefined || ports.clock.now().getTime() >= endMs) return { left: left.slice(0, keptShownMax) }
      const more = left.length === 1 ? '' : `, and ${left.length - 1} more`
      const waitingFor = `the end of ${first}${more}, before what may be their operator is deleted`
      return lookAgain(attempt, look, { waitingFor, afterSeconds: pauseAfter(attempt.number, lookSeconds) })
    })
  }
}

function kindOf({ object }: UndoStep): string {
  return formatGroupResource(object.resource, object.group)
}

/** Those that stand there still, and what holds them. Each kind is listed once. */
async function standing(cluster: Cluster, deleted: readonly UndoStep[]): Promise<string[]> {
  const byKind = Map.groupBy(deleted, kindOf)
  const left: string[] = []
  for (const steps of byKind.values()) {
    const [{ object } = { object: undefined }] = steps
    if (object === undefined) continue
    const { group, version, resource } = object
    const found = await listIfServed(cluster, { group, version, resource }, { metadataOnly: true })
    const finalizers = new Map(found.map(({ metadata }) => [metadata.uid, metadata.finalizers ?? []]))
    for (const step of steps) {
      const holds = finalizers.get(step.object.uid)
      if (holds === undefined) continue
      const why = holds.length === 0 ? '' : ` (held by finalizer ${holds.slice(0, 3).join(', ')})`
      left.push(`${nameOf(step.object)}${why}`)
    }
  }
  return left
}
