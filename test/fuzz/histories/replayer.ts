import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { History } from '@temporalio/common/lib/proto-utils.js'
import { bundleWorkflowCode, DefaultLogger, Runtime, Worker } from '@temporalio/worker'

/** Replays histories, one after the other, by the workflows of today. */
export interface Replayer {
  /** Undefined where the replay was not refused. */
  replay: (workflowId: string, history: History) => Promise<Error | undefined>
  /** What Temporal's core has said since the last time of tasks that have failed. It tells a task by its run, which is in the history. */
  failed: () => Promise<readonly FailedTask[]>
  end: () => Promise<void>
}

/** A task of a workflow that has failed, so that Temporal would try it again and again. */
export interface FailedTask {
  runId: string
  what: string
}

/** What core says reaches a logger later than its replay ends. */
const logsWithinMs = 60

/**
 * Starts one worker for all; there can be one in a process. It runs the workflows in threads of its own, so one that does not
 * come to a stop is given up.
 */
export async function startReplayer(): Promise<Replayer> {
  const failed: FailedTask[] = []
  const logger = new DefaultLogger('WARN', ({ message, meta = {} }) => {
    const { runId, failure } = meta as { runId?: string; failure?: string }
    if (message === 'Failing workflow task') failed.push({ runId: String(runId), what: String(failure) })
  })
  Runtime.install({ logger, telemetryOptions: { logging: { forward: {}, filter: { core: 'WARN', other: 'ERROR' } } } })
  const workflowsPath = fileURLToPath(new URL('../../../workflows/index.ts', import.meta.url))
  const workflowBundle = await bundleWorkflowCode({ workflowsPath, logger })
  let next = Promise.withResolvers<{ workflowId: string; history: History } | undefined>()
  async function* asked() {
    for (let one = await next.promise; one !== undefined; one = await next.promise) {
      next = Promise.withResolvers()
      yield one
    }
  }
  const options = { workflowBundle, debugMode: false, isolateExecutionTimeout: '3m' } as const
  const replayed = Worker.runReplayHistories(options, asked())
  return {
    async replay(workflowId, history) {
      next.resolve({ workflowId, history })
      const answer = await replayed.next()
      if (answer.done === true) throw new Error('the worker that replays has ended')
      return answer.value.error
    },
    async failed() {
      await setTimeout(logsWithinMs)
      Runtime.instance().flushLogs()
      return failed.splice(0)
    },
    async end() {
      next.resolve(undefined)
      await replayed.next()
    },
  }
}
