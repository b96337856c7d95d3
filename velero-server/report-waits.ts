import type { Client, WorkflowExecutionDescription } from '@temporalio/client'
import { WorkflowNotFoundError } from '@temporalio/common'
import { followWaits } from './decide/long-waits.ts'
import type { SeenWait, Wait } from './decide/long-waits.ts'
import { claimedAnnotation } from '../velero/labels.ts'
import { isTerminal } from '../velero/phases.ts'
import { asRestore } from '../velero/restore.ts'
import type { Ports } from '../activities/ports.ts'
import { recordEvent } from '../activities/frame/restore-resource.ts'
import { progressQuery, workflowIdOf } from '../contract/restore-workflow.ts'
import { workAlone } from './alone.ts'
import { repeat, veleroResource } from './ports.ts'

/** What waits are looked for with. */
export interface WaitsOptions {
  client: Client
  ports: Pick<Ports, 'cluster' | 'clock' | 'log'>
  /** The Velero namespace. */
  namespace: string
  signal: AbortSignal
}

const lookMs = 15_000

/**
 * Records an Event on each restore that waits for the same thing longer than a minute. It looks from outside, at what
 * running steps say in their heartbeats and at the failures that are being retried, so that no step can forget to tell.
 */
export async function reportWaits({ client, ports, namespace, signal }: WaitsOptions): Promise<void> {
  const { cluster, clock, log } = ports
  let known = new Map<string, SeenWait[]>()
  const alone = workAlone(log, 'what a restore waits for cannot be told', 'restore')
  await repeat({ what: 'look for restores that wait', everyMs: lookMs, clock, log, signal }, async () => {
    const restores = (await cluster.list(veleroResource('restores'), { namespace, cached: true })).map(asRestore)
    const next = new Map<string, SeenWait[]>()
    for (const restore of restores) {
      if (isTerminal(restore.status?.phase) || restore.metadata.annotations?.[claimedAnnotation] === undefined) continue
      if (signal.aborted) return
      const { name, uid = '' } = restore.metadata
      next.set(uid, known.get(uid) ?? [])
      await alone.on(name, async () => {
        const waits = await waitsOf(client, { namespace, name, uid })
        const followed = followWaits(known.get(uid) ?? [], waits, performance.now())
        next.set(uid, followed.known)
        for (const { reason } of followed.tell)
          await recordEvent(ports, restore, {
            type: 'Warning',
            reason: 'Waiting',
            note: `waits for longer than a minute: ${reason}`,
          })
      })
    }
    known = next
  })
}

async function waitsOf(client: Client, ref: { namespace: string; name: string; uid: string }): Promise<Wait[]> {
  const handle = client.workflow.getHandle(workflowIdOf(ref))
  try {
    const description = await handle.describe()
    if (description.status.name !== 'RUNNING') return []
    const steps = pendingSteps(description, client)
    if (steps.length > 0) return steps
    const { waitingFor } = await handle.query(progressQuery)
    return waitingFor === undefined ? [] : [{ step: 'workflow', reason: waitingFor }]
  } catch (thrown) {
    if (thrown instanceof WorkflowNotFoundError) return []
    throw thrown
  }
}

/** What pending activities wait for: what the attempt says, or why the last one failed. */
function pendingSteps({ raw }: WorkflowExecutionDescription, client: Client): Wait[] {
  return (raw.pendingActivities ?? []).flatMap((activity) => {
    const said = activity.heartbeatDetails?.payloads?.[0]
    const failed = activity.lastFailure?.message
    const reason = (said && waitingIn(client, said)) ?? (failed === null || failed === '' ? undefined : failed)
    return reason === undefined ? [] : [{ step: activity.activityId ?? '', reason }]
  })
}

type Payload = Parameters<Client['options']['loadedDataConverter']['payloadConverter']['fromPayload']>[0]

/** A heartbeat that is not ours, or encrypted, says nothing. */
function waitingIn(client: Client, payload: Payload): string | undefined {
  try {
    const { payloadConverter } = client.options.loadedDataConverter
    const beat = payloadConverter.fromPayload<{ waitingFor?: unknown } | null>(payload)
    return typeof beat?.waitingFor === 'string' ? beat.waitingFor : undefined
  } catch {
    return undefined
  }
}
