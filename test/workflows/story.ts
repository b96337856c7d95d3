import { randomUUID } from 'node:crypto'
import { Context } from '@temporalio/activity'
import { Client, Connection } from '@temporalio/client'
import type { WorkflowHandle } from '@temporalio/client'
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker'
import { afterAll, afterEach, beforeAll, inject } from 'vitest'
import type { Activities } from '../../activities/index.ts'
import type { ChunkReport } from '../../activities/items/restore-chunk.ts'
import type { SetPhaseInput } from '../../activities/conclude/write-status.ts'
import type { PlanSummary } from '../../core/plan/plan.ts'
import { workflowCode } from '../../worker/workflow-code.ts'
import { quietLog } from '../infra/cluster/quiet-log.ts'
import type { restore } from '../../workflows/index.ts'
import { workflowIdOf } from '../../contract/restore-workflow.ts'

/** Activities of a test: each stands for one of the worker's and is called with its input. */
export type Fakes = { [Name in keyof Activities]?: (input: Parameters<Activities[Name]>[0]) => unknown }

/** A running story, and what its activities were asked for. */
export interface Told {
  handle: WorkflowHandle<typeof restore>
  /** Another workflow on the same server. */
  sibling(workflowId: string): WorkflowHandle
  /** `admitRestore`, `setPhase Finalizing`, `restoreChunk 0/1` and so on, in order. */
  calls: string[]
  phases: SetPhaseInput[]
  /** Resolves when an activity is called whose entry in `calls` begins so. */
  called(begin: string): Promise<void>
}

/** What a chunk of plain new items reports. */
export function created(items: number, more: Partial<ChunkReport> = {}): ChunkReport {
  const none = { updated: 0, skipped: 0, failed: 0, warnings: 0, errors: 0, operations: 0 }
  return { items, listed: items, created: items, ...none, ...more }
}

/** A plan of waves with so many items in each chunk: `{ secrets: [2, 1] }`. */
export function aPlan(waves: Record<string, number[]>): PlanSummary {
  const summaries = Object.entries(waves).map(([groupResource, chunks]) => ({
    groupResource,
    items: sum(chunks),
    chunks,
  }))
  return { items: sum(summaries.map((wave) => wave.items)), waves: summaries }
}

/** What concluding reports. */
export const conclusion = (more: object = {}) => ({ items: 3, warnings: 0, errors: 0, operations: 0, ...more })

/** Waits for something in an activity, beating as a real one does. */
export async function beating<T>(wait: Promise<T>): Promise<T> {
  const context = Context.current()
  const beat = setInterval(() => context.heartbeat(), 200)
  try {
    return await wait
  } finally {
    clearInterval(beat)
  }
}

/** Waits until the attempt is cancelled. */
export function untilCancelled(): Promise<never> {
  return beating(Context.current().cancelled)
}

/** An admission that answers only once it is cancelled; asked then whether the Restore is claimed, it reports this. */
export function admissionUntilCancelled(atEnd: object = { do: 'over', phase: 'New' }): Fakes {
  return { admitRestore: ({ onlyClaimed }) => (onlyClaimed === true ? atEnd : untilCancelled()) }
}

/**
 * Tells stories by the real workflow on a real server, that of the test run where none is given; the activities are those of
 * each test. The workflow is that of a restore, where no other type is named.
 */
export function stories(
  server?: () => Promise<{ address: string }>,
): (fakes: Fakes, input?: object, workflowType?: string) => Promise<Told> {
  let native: NativeConnection
  let connection: Connection
  const closing: (() => Promise<void>)[] = []
  beforeAll(async () => {
    const { address } = (await server?.()) ?? inject('stack').temporal
    Runtime.install({ logger: new DefaultLogger('ERROR') })
    native = await NativeConnection.connect({ address })
    connection = await Connection.connect({ address })
  })
  afterEach(async () => {
    for (const close of closing.splice(0)) await close()
  })
  afterAll(async () => {
    await connection?.close()
    await native?.close()
  })
  return async (fakes, input = {}, workflowType = 'restore') => {
    const taskQueue = `story-${randomUUID()}`
    const { told, activities } = record(fakes)
    const worker = await Worker.create({
      connection: native,
      taskQueue,
      ...(await workflowCode({ bundle: process.env['DRYDOCK_WORKFLOW_BUNDLE'], isTraced: false, log: quietLog() })),
      activities,
      shutdownGraceTime: '1s',
      shutdownForceTime: '60s',
      maxHeartbeatThrottleInterval: '200ms',
      defaultHeartbeatThrottleInterval: '200ms',
    })
    const running = worker.run()
    closing.push(async () => {
      worker.shutdown()
      await running
    })
    const ref = { namespace: 'velero', name: 'again', uid: randomUUID(), cluster: 'c' }
    const client = new Client({ connection })
    const handle = await client.workflow.start<typeof restore>(workflowType, {
      taskQueue,
      workflowId: workflowIdOf(ref),
      args: [{ ...ref, ...input }],
    })
    return { ...told, handle, sibling: (workflowId) => client.workflow.getHandle(workflowId) }
  }
}

function nothing(): void {}

/** A finalization task as the history holds it. */
export function listed(name: string): { name: string; title: string; deadlineSeconds: number } {
  return { name, title: `do what is ${name}`, deadlineSeconds: 60 }
}

/** The defaults are a restore of three Secrets in two chunks that goes well. */
const plain: Fakes = {
  admitRestore: () => ({ do: 'restore', location: 'default', resumed: false, startedAt: 't', backup: 'shop' }),
  planRestore: () => aPlan({ secrets: [2, 1] }),
  requestLocks: async ({ run: { workflowId, runId } }) => {
    await Context.current().client.workflow.getHandle(workflowId, runId).signal('locks', { runId })
    return { patienceMs: 60_000 }
  },
  findHolders: () => ({ holders: [], waiting: [] }),
  tellWait: nothing,
  restoreChunk: ({ chunk }) => created(chunk === 0 ? 2 : 1),
  reportProgress: nothing,
  concludeRestore: () => conclusion(),
  tellLateResults: nothing,
  listFinalizeTasks: () => ({ tasks: [listed('first'), listed('last')] }),
  finalizeRestore: () => ({ messages: 0 }),
  awaitLastWrites: nothing,
  removeLeftovers: nothing,
  cancelOperations: () => ({ attempted: 0, completed: 0, failed: 0, unfinished: 0 }),
  awaitNamespace: () => ({ gone: true }),
  awaitPodVolumes: nothing,
  runHooks: untilCancelled,
  putBackPhase: nothing,
  readLevels: () => ({}),
  notePause: nothing,
  noteCancel: nothing,
  writeReport: ({ ref }) => ({ key: `restores/${ref.name}/restore-${ref.name}-report.html`, location: ref.location }),
  notify: () => ({ do: 'delivered' }),
  tellNotDelivered: nothing,
  requestCancel: ({ workflowId, runId }) => Context.current().client.workflow.getHandle(workflowId, runId).cancel(),
}

function record(fakes: Fakes): {
  told: Omit<Told, 'handle' | 'sibling'>
  activities: Record<string, (input: never) => unknown>
} {
  const calls: string[] = []
  const phases: SetPhaseInput[] = []
  const waiting: { begin: string; resolve: () => void }[] = []
  const note = (call: string) => {
    calls.push(call)
    for (const one of waiting) if (call.startsWith(one.begin)) one.resolve()
  }
  const setPhase = (input: SetPhaseInput) => {
    phases.push(input)
    return { phase: input.phase }
  }
  const all: Record<string, (input: never) => unknown> = { ...plain, setPhase, ...fakes }
  const entries = Object.entries(all).map(([name, work]) => {
    const run = async (input: never) => {
      note(nameOf(name, input))
      return await work(input)
    }
    return [name, run] as const
  })
  const called = (begin: string) =>
    new Promise<void>((resolve) => {
      if (calls.some((call) => call.startsWith(begin))) resolve()
      else waiting.push({ begin, resolve })
    })
  return { told: { calls, phases, called }, activities: Object.fromEntries(entries) }
}

function nameOf(
  name: string,
  input: { phase?: string; wave?: number; chunk?: number; task?: string; name?: string },
): string {
  const what = input.wave === undefined ? (input.phase ?? input.task ?? input.name) : `${input.wave}/${input.chunk}`
  return what === undefined ? name : `${name} ${what}`
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
