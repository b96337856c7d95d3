import { Context } from '@temporalio/activity'
import { WorkflowNotFoundError } from '@temporalio/common'
import type { LockRequest, Locks } from '../../core/locks/decide-grants.ts'
import { workflowIdOf } from '../../core/request/workflow-id.ts'
import { isSweptByVelero } from '../../core/results/decide-phase.ts'
import { claimedAnnotation } from '../../velero/labels.ts'
import { isTerminal } from '../../velero/phases.ts'
import type { Restore } from '../../velero/restore.ts'
import { withAttempt } from '../attempt.ts'
import { asFailure } from '../failures.ts'
import type { Ports } from '../ports.ts'
import { locationNameOf } from '../restore-location.ts'
import type { Sessions } from '../session.ts'
import type { Settings } from '../settings.ts'
import { lockRequestOf } from './lock-request-of.ts'

/** How a restore is asked what it holds. */
export interface FindHoldersInput {
  /** The query of a restore's workflow that answers with its {@link Hold}. */
  query: string
}

/** What a run of a restore knows of its namespaces. */
export interface Hold {
  state: 'none' | 'asked' | 'held'
  runId: string
}

/** A restore that has not answered by then answers another attempt. */
const answerMs = 5000

/**
 * Finds the restores that hold their target namespaces or wait for them, by the word of each restore that runs: whoever
 * kept the locks before may have been terminated (rule 9). One that has closed holds nothing.
 */
export function findHolders({ ports, sessions, settings }: { ports: Ports; sessions: Sessions; settings: Settings }) {
  return ({ query }: FindHoldersInput): Promise<Locks> =>
    withAttempt(ports.presence.worker, async () => {
      const { cluster } = ports
      try {
        const namespace = settings.veleroNamespace
        const listed = await cluster.list({ group: 'velero.io', version: 'v1', resource: 'restores' }, { namespace })
        const found: Record<'held' | 'asked', LockRequest[]> = { held: [], asked: [] }
        for (const restore of (listed as unknown as Restore[]).filter(mayHold)) {
          const { name, uid = '' } = restore.metadata
          const workflowId = workflowIdOf({ namespace, name, uid })
          const hold = await askFor(workflowId, query)
          if (hold === undefined || hold.state === 'none') continue
          const location = await locationNameOf(cluster, restore)
          if ('missing' in location) continue
          const ref = { namespace, name, uid, cluster: cluster.id, location: location.name }
          found[hold.state].push(await lockRequestOf(sessions, ref, { workflowId, runId: hold.runId }))
        }
        return { holders: found.held, waiting: found.asked }
      } catch (thrown) {
        throw asFailure(thrown, 'asking restores which namespaces they hold')
      }
    })
}

function mayHold({ metadata, status = {} }: Restore): boolean {
  const claimed = metadata.annotations?.[claimedAnnotation] !== undefined
  return claimed && (!isTerminal(status.phase) || isSweptByVelero(status))
}

async function askFor(workflowId: string, query: string): Promise<Hold | undefined> {
  const { client } = Context.current()
  const handle = client.workflow.getHandle(workflowId)
  try {
    return await client.withDeadline(Date.now() + answerMs, async () => {
      const { status } = await handle.describe()
      return status.name === 'RUNNING' ? await handle.query<Hold>(query) : undefined
    })
  } catch (thrown) {
    if (thrown instanceof WorkflowNotFoundError) return undefined
    throw thrown
  }
}
