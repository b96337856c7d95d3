import { decidePhase, isSweptByVelero } from '../../core/results/restore-status.ts'
import { claimedAnnotation, restoreUidLabel } from '../../velero/labels.ts'
import { isTerminal } from '../../velero/phases.ts'
import type { RestorePhase } from '../../velero/phases.ts'
import { withAttempt } from '../frame/run-activity.ts'
import { asFailure } from '../frame/failures.ts'
import { listKnown } from '../plan/gather-facts.ts'
import { dataDownloads, isOrderCancelled, isOrderOver, podVolumeRestores } from '../operations/work-orders.ts'
import type { Ports } from '../ports.ts'
import { recordEvent } from '../frame/record-event.ts'
import { changeRestore, readRestore } from '../frame/restore-resource.ts'

/** Where a running restore really stands. */
export interface PutBackInput {
  ref: { namespace: string; name: string; uid: string }
  phase: RestorePhase
}

/** Names of volume operations that an Event quotes. */
const namedMax = 10

/** Velero marks the restore first and calls off its volume operations after, one by one: so long it is given for that. */
const callOffMs = 5000
const lookMs = 250

/**
 * Undoes the sweep of a starting Velero server, which marks each restore in progress as Failed, whoever runs it
 * (rule 1). What the server has called off along with it cannot be undone: the Event names it, and whoever waits for it
 * reports it as an error.
 */
export function putBackPhase(ports: Pick<Ports, 'cluster' | 'presence' | 'clock' | 'log'>) {
  const { cluster } = ports
  return ({ ref, phase }: PutBackInput): Promise<void> =>
    withAttempt(ports.presence.worker, async ({ number, signal }) => {
      try {
        const restore = await readRestore(cluster, ref)
        // An attempt before this one may have put the phase back and not have told so.
        const { status = {} } = restore ?? {}
        const mayBeTold = isSweptByVelero(status) || (number > 1 && !isTerminal(status.phase))
        if (restore === undefined || !mayBeTold) return
        await changeRestore(cluster, ref, (live) => {
          if (!isSweptByVelero(live.status ?? {}) || live.metadata.annotations?.[claimedAnnotation] === undefined)
            return undefined
          const decision = decidePhase(live.status ?? {}, { phase })
          return decision.do === 'set' ? { status: decision.status } : undefined
        })
        const cancelled = await cancelledVolumes(ports, ref, signal)
        const also = cancelled.length === 0 ? '' : `; it called off ${cancelled.slice(0, namedMax).join(', ')}`
        const note = `a starting Velero server marked the running restore as Failed; put back to ${phase}${also}`
        await recordEvent(ports, restore, { type: 'Warning', reason: 'SweptByVelero', note })
      } catch (thrown) {
        if ((thrown as { type?: string }).type === 'RestoreGone') return
        throw asFailure(thrown, `putting back the phase of restore ${ref.name}`)
      }
    })
}

async function cancelledVolumes(
  { cluster, clock }: Pick<Ports, 'cluster' | 'clock'>,
  ref: PutBackInput['ref'],
  signal: AbortSignal,
): Promise<string[]> {
  const options = { namespace: ref.namespace, labelSelector: `${restoreUidLabel}=${ref.uid}` }
  for (let leftMs = callOffMs; ; leftMs -= lookMs) {
    const found = [
      ...(await listKnown(cluster, dataDownloads, options)),
      ...(await listKnown(cluster, podVolumeRestores, options)),
    ]
    const cancelled = found.filter(isOrderCancelled)
    if (leftMs <= 0 || found.every((one) => isOrderCancelled(one) || isOrderOver(one)))
      return cancelled.map((one) => `${one.kind} ${one.metadata.name}`)
    await clock.sleep(lookMs, signal)
  }
}
