import { holdQuery, locksSignal, locksWorkflowIdOf, locksWorkflowType } from '../../../contract/lock-workflow.ts'
import { releaseLocksSignal, requestLocksSignal } from '../../../contract/lock-workflow.ts'
import type { Hold, LockSignal } from '../../../contract/lock-workflow.ts'
import { workflowIdOf } from '../../../contract/restore-workflow.ts'
import { claimedAnnotation } from '../../../velero/labels.ts'
import { ref } from '../../activities/crash/restore-in-memory.ts'
import type { World } from '../../ports/world.ts'
import type { SimulatedServer } from '../temporal/server.ts'
import { condition, getExternalWorkflowHandle, setHandler, sleep, workflowInfo } from '../temporal/workflow-stand-in.ts'

/** Times during which the other restore held the namespace. */
export type Held = readonly { fromMs: number; toMs: number }[]

/** What the workflow of the other restore is told. */
interface OtherInput {
  createdAt: string
  uid: string
  forMs: number
  ask: (signal: LockSignal) => void
  nowMs: () => number
  over: (held: { fromMs: number; toMs: number }) => void
}

const name = 'other'
/** The workflow of the locks forgets who waits when it is terminated: so they ask again (as {@link NamespaceHold} does). */
const askEvery = '5 minutes'

/** Another restore into the same namespace, from its request for the locks to its release; it writes nothing. */
export async function otherRestore({ createdAt, uid, forMs, ask, nowMs, over }: OtherInput): Promise<void> {
  const { workflowId, runId } = workflowInfo()
  let state: Hold['state'] = 'none'
  setHandler({ name: holdQuery.name }, () => ({ state, runId }))
  setHandler({ name: locksSignal.name }, (...args) => {
    const [answer] = args as [{ runId: string; behind?: string }]
    if (answer.runId === runId && state === 'asked' && answer.behind === undefined) state = 'held'
  })
  state = 'asked'
  const request = { workflowId, runId, restore: `velero/${name}`, createdAt, uid, namespaces: ['shop'] }
  do ask({ request, restoresMax: 10 })
  while (!(await condition(() => state === 'held', askEvery)))
  const fromMs = nowMs()
  await sleep(forMs)
  state = 'none'
  over({ fromMs, toMs: nowMs() })
  const locks = getExternalWorkflowHandle(locksWorkflowIdOf(ref))
  await locks.signal({ name: releaseLocksSignal.name }, { workflowId, runId }).catch(() => undefined)
}

/** Starts other restores, and tells when they have held the namespace. */
export function otherRestoresOf(
  { cluster, clock }: World,
  server: SimulatedServer,
): { start: (order: { forMs: number; first: boolean }) => void; held: Held } {
  const held: { fromMs: number; toMs: number }[] = []
  const at = { group: 'velero.io', version: 'v1', resource: 'restores', namespace: 'velero', name }
  return {
    held,
    start({ forMs, first }) {
      const createdAt = first ? '2020-01-01T00:00:00Z' : '2030-01-01T00:00:00Z'
      const metadata = { name, namespace: 'velero', annotations: { [claimedAnnotation]: '' } }
      const status = { phase: 'InProgress' }
      cluster.place({ apiVersion: 'velero.io/v1', kind: 'Restore', metadata, spec: {}, status })
      const uid = cluster.look(at)?.metadata.uid ?? ''
      const input: OtherInput = {
        createdAt,
        uid,
        forMs,
        nowMs: () => clock.nowMs(),
        ask(signal) {
          const locks = locksWorkflowIdOf(ref)
          server.start(locksWorkflowType, locks)
          server.signal(locks, requestLocksSignal.name, [signal])
        },
        over(time) {
          held.push(time)
          cluster.drop(at)
        },
      }
      server.start('otherRestore', workflowIdOf({ namespace: 'velero', name, uid }), input)
    },
  }
}
