import { locksWorkflowIdOf, locksWorkflowType } from '../../../../contract/lock-workflow.ts'
import { workflowIdOf } from '../../../../contract/restore-workflow.ts'
import type { InMemoryWorkflow } from '../../../ports/temporal.ts'
import type { Purpose, Scenario } from '../crash-points.ts'
import { changed, ref, worldAt } from '../restore-in-memory.ts'

const workflowId = workflowIdOf(ref)
const runId = 'run-1'
const locks = { workflowType: locksWorkflowType, workflowId: locksWorkflowIdOf(ref), signal: 'request' }

/** What a run asks with. */
export const ask = { locks, run: { workflowId, runId } }

export const requestLocks: readonly Scenario[] = [
  {
    when: 'nobody keeps the locks yet',
    world: () => worldAt('planned'),
    input: { ref, ...ask },
  },
]

export const tellWait: readonly Scenario[] = [
  {
    when: 'another restore holds a namespace',
    world: () => worldAt('planned'),
    input: { ref, waitingFor: 'velero/other' },
  },
]

const running = (workflow: Partial<InMemoryWorkflow>) =>
  changed(worldAt('planned'), ({ temporal }) => temporal.place({ type: 'restore', workflowId, runId, ...workflow }))

/** What is not known for certain counts as more, never as less. */
const holdsMore: Purpose = {
  because: 'a restore whose plan cannot be read is presumed to hold all namespaces',
  forgive: (end, undisturbed) => {
    const asText = JSON.stringify(end.outcome).replace('["*"],"assumed":true', '["shop","velero"]')
    return asText === JSON.stringify(undisturbed.outcome) ? { ...end, outcome: undisturbed.outcome } : end
  },
}

/** It stands in line again with its next request. */
const waitsAgain: Purpose = {
  because: 'a restore that waits and whose plan cannot be read asks again by itself',
  forgive: (end, undisturbed) =>
    JSON.stringify(end.outcome) === '{"result":{"holders":[],"waiting":[]}}'
      ? { ...end, outcome: undisturbed.outcome }
      : end,
}

/** A query that is not answered in time is silence. */
const silenceHolds: Purpose = {
  because: 'a restore that does not answer is presumed to hold its namespaces',
  forgive: (end, undisturbed, happened) => {
    const isUnanswered = happened.some(({ call, fault }) => call.name === 'query' && fault !== 'death')
    return isUnanswered ? { ...end, outcome: undisturbed.outcome } : end
  },
}

export const findHolders: readonly Scenario[] = [
  {
    when: 'a restore holds its namespaces',
    world: () => running({ answers: { namespaces: { state: 'held', runId } } }),
    input: { query: 'namespaces' },
    onPurpose: [holdsMore, silenceHolds],
  },
  {
    when: 'a restore waits for its namespaces',
    world: () => running({ answers: { namespaces: { state: 'asked', runId } } }),
    input: { query: 'namespaces' },
    onPurpose: [waitsAgain, silenceHolds],
  },
  {
    when: 'a restore does not answer',
    world: () => running({}),
    input: { query: 'namespaces' },
    onPurpose: [holdsMore],
  },
]

export const findClosed: readonly Scenario[] = [
  {
    when: 'one runs, one has closed, one was terminated a moment ago, and one was never there',
    world: () =>
      changed(worldAt('planned'), ({ temporal, clock }) => {
        // Late enough to be a moment ago however long the attempts take.
        const closedAtMs = clock.nowMs() + 3_600_000
        temporal.place({ type: 'restore', workflowId: 'runs' })
        temporal.place({ type: 'restore', workflowId: 'closed', status: 'COMPLETED', closedAtMs })
        temporal.place({ type: 'restore', workflowId: 'terminated', status: 'TERMINATED', closedAtMs })
      }),
    input: { workflowIds: ['runs', 'closed', 'terminated', 'never'] },
  },
]
