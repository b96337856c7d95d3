import { AsyncLocalStorage } from 'node:async_hooks'
import type { Client } from '@temporalio/client'
import type { Around } from './calls.ts'

/** What a workflow shows when it is described. */
export interface DescribedWorkflow {
  workflowId: string
  runId: string
  type: string
  status: string
  startedAtMs: number
  closedAtMs?: number | undefined
}

/** What a server in memory does for its clients. Each function throws what Temporal's server would answer. */
export interface ClientServer {
  describe: (workflowId: string) => DescribedWorkflow
  /** Starts a workflow unless one of that id runs. */
  start: (type: string, workflowId: string) => void
  signal: (workflowId: string, name: string, args: readonly unknown[]) => void
  query: (workflowId: string, name: string) => unknown
  cancel: (workflowId: string) => void
  terminate: (workflowId: string) => void
}

/** Whether a request ends in time also where the server never answers: each has to. */
const bounded = new AsyncLocalStorage<true>()

/** The client of a server in memory as the activities of one worker have it. Only what they call is there. */
export function temporalClient(server: ClientServer, around: Around): Client {
  const call = async <T>(name: string, on: string, run: () => T): Promise<T> => {
    if (bounded.getStore() === undefined) throw new TypeError(`${name} of ${on} has no deadline`)
    return around({ port: 'temporal', name, on }, async () => run())
  }
  const getHandle = (workflowId: string) => ({
    describe: () => call('describe', workflowId, () => described(server.describe(workflowId))),
    signal: (name: string, ...args: unknown[]) =>
      call('signal', workflowId, () => server.signal(workflowId, name, args)),
    query: (name: string) => call('query', workflowId, () => server.query(workflowId, name)),
    cancel: () => call('cancel', workflowId, () => server.cancel(workflowId)),
    terminate: () => call('terminate', workflowId, () => server.terminate(workflowId)),
  })
  const signalWithStart = (type: string, options: { workflowId: string; signal: string; signalArgs: unknown[] }) =>
    call('signalWithStart', options.workflowId, () => {
      server.start(type, options.workflowId)
      server.signal(options.workflowId, options.signal, options.signalArgs)
    })
  const client = {
    workflow: { getHandle, signalWithStart },
    withDeadline: (_deadline: number, work: () => Promise<unknown>) => bounded.run(true, work),
    withAbortSignal: (_signal: AbortSignal, work: () => Promise<unknown>) => bounded.run(true, work),
  }
  return client as unknown as Client
}

function described({ workflowId, runId, type, status, startedAtMs, closedAtMs }: DescribedWorkflow) {
  return {
    workflowId,
    runId,
    type,
    status: { name: status },
    startTime: new Date(startedAtMs),
    ...(closedAtMs === undefined ? {} : { closeTime: new Date(closedAtMs) }),
  }
}
