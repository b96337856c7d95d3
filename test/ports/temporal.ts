import { WorkflowNotFoundError } from '@temporalio/common'
import type { Client } from '@temporalio/client'
import type { Around } from './calls.ts'
import type { SimulatedClock } from './clock.ts'
import { temporalClient } from './temporal-client.ts'

/** A workflow as an activity can see it. */
export interface InMemoryWorkflow {
  type: string
  workflowId: string
  runId: string
  status: 'RUNNING' | 'COMPLETED' | 'CANCELLED' | 'FAILED' | 'TERMINATED' | 'TIMED_OUT'
  startedAtMs: number
  closedAtMs?: number
  signals: readonly { name: string; args: readonly unknown[] }[]
  isCancelRequested: boolean
  /** What it answers to queries, by their names; it is silent to others. */
  answers: Readonly<Record<string, unknown>>
}

/** The Temporal server without a network: workflows run no code, they are told things and closed by hand of the test. */
export interface InMemoryTemporal {
  /** The client as one worker has it. Only what activities call is there. */
  connect(around: Around): Client
  /** Puts a workflow there, or in place of one of its id. */
  place(workflow: Pick<InMemoryWorkflow, 'type' | 'workflowId'> & Partial<InMemoryWorkflow>): void
  look(workflowId: string): InMemoryWorkflow | undefined
  /** Called after each signal, cancel request and start: so a workflow does something about it. */
  onTold?: (workflow: InMemoryWorkflow) => void
  state(): ReadonlyMap<string, InMemoryWorkflow>
}

/** Makes a server with those workflows. */
export function createTemporal(
  clock: SimulatedClock,
  from: ReadonlyMap<string, InMemoryWorkflow> = new Map(),
): InMemoryTemporal {
  const workflows = new Map(from)

  function find(workflowId: string): InMemoryWorkflow {
    const found = workflows.get(workflowId)
    if (found === undefined)
      throw new WorkflowNotFoundError(`workflow not found for ID: ${workflowId}`, workflowId, undefined)
    return found
  }

  function running(workflowId: string): InMemoryWorkflow {
    const found = find(workflowId)
    if (found.status === 'RUNNING') return found
    throw new WorkflowNotFoundError('workflow execution already completed', workflowId, undefined)
  }

  function tell(workflow: InMemoryWorkflow, change: Partial<InMemoryWorkflow>): void {
    const told = { ...workflow, ...change }
    workflows.set(workflow.workflowId, told)
    temporal.onTold?.(told)
  }

  const place: InMemoryTemporal['place'] = (workflow) =>
    void workflows.set(workflow.workflowId, {
      runId: `run-of-${workflow.workflowId}`,
      status: 'RUNNING',
      startedAtMs: clock.nowMs(),
      signals: [],
      isCancelRequested: false,
      answers: {},
      ...workflow,
    })

  const signal = (workflowId: string, name: string, args: readonly unknown[]) => {
    const workflow = running(workflowId)
    tell(workflow, { signals: [...workflow.signals, { name, args }] })
  }

  const temporal: InMemoryTemporal = {
    place,
    look: (workflowId) => workflows.get(workflowId),
    state: () => new Map(workflows),
    connect: (around) =>
      temporalClient(
        {
          describe: find,
          start: (type, workflowId) => {
            if (workflows.get(workflowId)?.status !== 'RUNNING') place({ type, workflowId })
          },
          signal,
          query: (workflowId, name) => answerOf(find(workflowId), name),
          cancel: (workflowId) => tell(running(workflowId), { isCancelRequested: true }),
          terminate: (workflowId) => tell(running(workflowId), { status: 'TERMINATED', closedAtMs: clock.nowMs() }),
        },
        around,
      ),
  }
  return temporal
}

function answerOf({ answers, status }: InMemoryWorkflow, name: string): unknown {
  if (status === 'RUNNING' && name in answers) return answers[name]
  throw new Error(`nobody answers the query ${name}`)
}
