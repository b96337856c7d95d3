import { CancelledFailure, WorkflowNotFoundError } from '@temporalio/common'
import type { Client } from '@temporalio/client'
import type { Around } from '../../ports/calls.ts'
import type { SimulatedClock } from '../../ports/clock.ts'
import { temporalClient } from '../../ports/temporal-client.ts'
import { ScheduledActivity } from './scheduled-activity.ts'
import type { Of } from './scheduled-activity.ts'
import { ContinueAsNew, runInHost } from './workflow-stand-in.ts'
import type { ActivityCall, WorkflowHost } from './workflow-stand-in.ts'
import type { SimulatedWorkers } from '../workers.ts'

/** A workflow, as a server of Temporal knows it. */
interface Execution {
  workflowId: string
  type: string
  runId: string
  status: 'RUNNING' | 'COMPLETED' | 'FAILED' | 'CANCELLED' | 'TERMINATED' | 'CONTINUED_AS_NEW'
  startedAtMs: number
  closedAtMs?: number
  failure?: unknown
  host: WorkflowHost
  cancel: () => void
}

/** The code of workflows, by type. */
export type WorkflowCode = Readonly<Record<string, (input: never) => Promise<unknown>>>

/** A server of Temporal in simulated time: runs the code of workflows, and has workers run their activities. */
export interface SimulatedServer {
  /** Starts a workflow unless one of that id runs. */
  start: (type: string, workflowId: string, input?: unknown) => void
  signal: (workflowId: string, name: string, args?: readonly unknown[]) => void
  terminate: (workflowId: string) => void
  /** Has the next look of a run at its history find it long. */
  suggestNewRun: () => void
  statusOf: (workflowId: string) => Execution['status'] | undefined
  /** How its executions have closed, one after the other. */
  closingsOf: (workflowId: string) => readonly Execution['status'][]
  failureOf: (workflowId: string) => unknown
  isRunning: (type: string) => boolean
  /** Looks at all conditions that are waited for; true where one is met, so that code goes on. */
  unblock: () => boolean
  /** The client as the activities of a worker have it. */
  connect: (around: Around) => Client
}

/** Makes a server for these workflows. */
export function createServer(
  code: WorkflowCode,
  clock: SimulatedClock,
  workers: () => SimulatedWorkers,
): SimulatedServer {
  const executions = new Map<string, Execution>()
  const closed: Execution[] = []
  let runs = 0
  let newRuns = 0
  let activities = 0

  function find(workflowId: string): Execution {
    const found = executions.get(workflowId)
    if (found === undefined) throw new WorkflowNotFoundError('workflow not found', workflowId, undefined)
    return found
  }

  function running(workflowId: string): Execution {
    const found = find(workflowId)
    if (found.status !== 'RUNNING') throw new WorkflowNotFoundError('workflow is closed', workflowId, undefined)
    return found
  }

  function close(one: Execution, status: Execution['status'], failure?: unknown): void {
    if (one.status !== 'RUNNING') return
    Object.assign(one, { status, failure, closedAtMs: clock.nowMs() })
    closed.push(one)
    one.host.blocked.clear()
  }

  function hostOf(workflowId: string, runId: string, isOpen: () => boolean): WorkflowHost {
    return {
      info: { workflowId, runId, originalExecutionRunId: runId },
      isNewRunSuggested: () => newRuns > 0 && newRuns-- > 0,
      nowMs: () => clock.nowMs(),
      later: (ms, work) => clock.later(ms, () => isOpen() && work()),
      schedule: (call) => schedule(call, { workflowId, runId, isOpen }),
      signalOther: (to, name, args) => {
        const sent = clock.sleep(5).then(() => {
          if (isOpen()) signal(to, name, args)
        })
        return whileOpen(sent, isOpen)
      },
      handlers: new Map(),
      early: [],
      blocked: new Set(),
    }
  }

  function start(type: string, workflowId: string, input?: unknown): Execution {
    const before = executions.get(workflowId)
    if (before?.status === 'RUNNING') return before
    const runId = `${String(++runs).padStart(8, '0')}-89ab-cdef-0123-${String(runs).padStart(12, '0')}`
    const isOpen = () => one.status === 'RUNNING'
    const one: Execution = {
      workflowId,
      type,
      runId,
      status: 'RUNNING',
      startedAtMs: clock.nowMs(),
      host: hostOf(workflowId, runId, isOpen),
      cancel: () => undefined,
    }
    executions.set(workflowId, one)
    const run = code[type]
    if (run === undefined) throw new Error(`there is no workflow ${type}`)
    const { result, cancel } = runInHost(one.host, async () => run(input as never))
    one.cancel = cancel
    result.then(
      () => close(one, 'COMPLETED'),
      (thrown: unknown) => {
        if (!isOpen()) return
        if (!(thrown instanceof ContinueAsNew)) return close(one, statusAfter(thrown), thrown)
        close(one, 'CONTINUED_AS_NEW')
        start(type, workflowId, thrown.args[0])
      },
    )
    return one
  }

  function signal(workflowId: string, name: string, args: readonly unknown[]): void {
    const { host } = running(workflowId)
    const handler = host.handlers.get(name)
    if (handler === undefined) host.early.push({ name, args })
    else handler(...args)
  }

  function schedule(call: ActivityCall, of: Omit<Of, 'id'>) {
    const activity = new ScheduledActivity({ ...call, ...of, id: String(++activities) }, clock, workers)
    return { result: whileOpen(activity.result, of.isOpen), cancel: () => activity.cancel() }
  }

  return {
    start: (type, workflowId, input) => void start(type, workflowId, input),
    signal: (workflowId, name, args = []) => signal(workflowId, name, args),
    terminate: (workflowId) => close(running(workflowId), 'TERMINATED'),
    suggestNewRun: () => void newRuns++,
    statusOf: (workflowId) => executions.get(workflowId)?.status,
    closingsOf: (workflowId) => closed.filter((one) => one.workflowId === workflowId).map(({ status }) => status),
    failureOf: (workflowId) => executions.get(workflowId)?.failure,
    isRunning: (type) => [...executions.values()].some((one) => one.type === type && one.status === 'RUNNING'),
    unblock: () => [...executions.values()].some(({ host }) => [...host.blocked].some((look) => look())),
    connect: (around) =>
      temporalClient(
        {
          describe: find,
          start,
          signal,
          query: (workflowId, name) => find(workflowId).host.handlers.get(name)?.(),
          cancel: (workflowId) => running(workflowId).cancel(),
          terminate: (workflowId) => close(running(workflowId), 'TERMINATED'),
        },
        around,
      ),
  }
}

/** The code of a workflow that was terminated goes on nowhere: what it waits for does not come. */
function whileOpen<T>(work: Promise<T>, isOpen: () => boolean): Promise<T> {
  return new Promise((resolve, reject) => {
    work.then(
      (value) => isOpen() && resolve(value),
      (thrown: unknown) => isOpen() && reject(thrown as Error),
    )
  })
}

function statusAfter(thrown: unknown): Execution['status'] {
  return thrown instanceof CancelledFailure ? 'CANCELLED' : 'FAILED'
}
