import { decidePhase, isSweptByVelero } from '../../core/results/restore-status.ts'
import { claimedAnnotation, restoreUidLabel } from '../../velero/labels.ts'
import { isTerminal } from '../../velero/phases.ts'
import type { RestorePhase } from '../../velero/phases.ts'
import { runActivity } from '../frame/run-activity.ts'
import { listIfServed } from '../frame/served-kinds.ts'
import { dataDownloads, isOrderCancelled, isOrderOver, podVolumeRestores } from '../operations/node-agent-orders.ts'
import type { Ports } from '../ports.ts'
import { changeRestore, readRestore, recordEvent, unlessGone } from '../frame/restore-resource.ts'

/** The phase in which a running restore really is. */
export interface PutBackInput {
  ref: { namespace: string; name: string; uid: string }
  phase: RestorePhase
}

/** Names of volume operations that an Event quotes. */
const namedMax = 10

/** Velero marks the restore first and cancels its volume operations after, one by one: it may take so long. */
const sweepMs = 5000
const lookMs = 250

/**
 * Puts back the phase of a running restore that a starting Velero server has marked as Failed, as it does with every
 * restore in progress (rule 1). The volume operations that the server cancelled with it cannot be resumed: the Event names them, and the step
 * that waits for them reports them as errors.
 */
export function putBackPhase(ports: Pick<Ports, 'cluster' | 'presence' | 'clock' | 'log'>) {
  const { cluster } = ports
  return ({ ref, phase }: PutBackInput): Promise<void> =>
    runActivity(
      ports.presence,
      { doing: `putting back the phase of restore ${ref.name}` },
      async ({ number, signal }) => {
        const restore = await readRestore(cluster, ref)
        // An earlier attempt may have put the phase back and died before it recorded the Event.
        const { status = {} } = restore ?? {}
        const isDue = isSweptByVelero(status) || (number > 1 && !isTerminal(status.phase))
        if (restore === undefined || !isDue) return
        const change = changeRestore(cluster, ref, (live) => {
          if (!isSweptByVelero(live.status ?? {}) || live.metadata.annotations?.[claimedAnnotation] === undefined)
            return undefined
          const decision = decidePhase(live.status ?? {}, { phase })
          return decision.do === 'set' ? { status: decision.status } : undefined
        })
        if ((await unlessGone(change)) === undefined) return
        const cancelled = await cancelledVolumes(ports, ref, signal)
        const also = cancelled.length === 0 ? '' : `; it cancelled ${cancelled.slice(0, namedMax).join(', ')}`
        const note = `a starting Velero server marked the running restore as Failed; put back to ${phase}${also}`
        await recordEvent(ports, restore, { type: 'Warning', reason: 'SweptByVelero', note })
      },
    )
}

async function cancelledVolumes(
  { cluster, clock }: Pick<Ports, 'cluster' | 'clock'>,
  ref: PutBackInput['ref'],
  signal: AbortSignal,
): Promise<string[]> {
  const options = { namespace: ref.namespace, labelSelector: `${restoreUidLabel}=${ref.uid}` }
  for (let leftMs = sweepMs; ; leftMs -= lookMs) {
    const found = [
      ...(await listIfServed(cluster, dataDownloads, options)),
      ...(await listIfServed(cluster, podVolumeRestores, options)),
    ]
    const cancelled = found.filter(isOrderCancelled)
    if (leftMs <= 0 || found.every((one) => isOrderCancelled(one) || isOrderOver(one)))
      return cancelled.map((one) => `${one.kind} ${one.metadata.name}`)
    await clock.sleep(lookMs, signal)
  }
}
