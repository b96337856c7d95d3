import { Context } from '@temporalio/activity'
import type { Info } from '@temporalio/activity'
import { describeCall } from '../ports/calls.ts'
import type { PortCall } from '../ports/calls.ts'

/** Watches that attempts that were told to stop begin no items any more (rule 13). */
export interface Stops {
  /** The attempt has learned that it has to stop. */
  told: (info: Partial<Pick<Info, 'activityId' | 'attempt'>>) => void
  /** An attempt makes a call. */
  see: (call: PortCall) => void
  readonly begunLate: readonly string[]
}

/**
 * Items that were begun go on, and their outcomes are kept. Who reads another item after that has begun a new one: the items
 * of a chunk are begun in batches, and each batch is kept before the next one begins.
 */
export function watchStops(): Stops {
  const stages = new Map<string, 'told' | 'kept'>()
  const begunLate: string[] = []
  const keyOf = ({ activityId = '', attempt = 0 }: Partial<Pick<Info, 'activityId' | 'attempt'>>) =>
    `${activityId}/${attempt}`
  return {
    begunLate,
    told: (info) => void stages.set(keyOf(info), stages.get(keyOf(info)) ?? 'told'),
    see(call) {
      const { info } = Context.current()
      const stage = stages.get(keyOf(info))
      if (stage === undefined) return
      if (call.port === 'bucket' && call.name === 'put' && /\/outcomes\//.test(call.on)) stages.set(keyOf(info), 'kept')
      if (stage === 'kept' && call.port === 'archives' && call.name === 'read')
        begunLate.push(
          `told to stop, ${info.activityType} (attempt ${info.attempt}) began an item: ${describeCall(call)}`,
        )
    },
  }
}
