import { dirname, join } from 'node:path'
import { workflowIdOf } from '../contract/restore-workflow.ts'
import type { ManagedFieldsMode } from '../core/items/field-owners.ts'
import { obtainTool } from '../devstack/tools/obtain-tool.ts'
import { startWorkerProcess } from '../devstack/processes/worker-process.ts'
import type { ExtraService, FullStack, Stack } from '../devstack/stack-types.ts'
import type { RestoreSpec } from '../velero/restore.ts'
import { countEvents } from './observe/count-events.ts'
import { restoreToEnd } from './restore-to-end.ts'
import type { RawTask } from './raw/raw-writes.ts'
import { startGenerator } from './raw/start-generator.ts'
import type { Workload } from './workloads.ts'

/** Who restores: Velero, Drydock, or a load generator that sends the same writes and nothing else. */
export interface Contender {
  name: string
  /** For a reader. */
  title: string
  /** Servers beside etcd, the API server and the bucket. */
  needs: { temporal: boolean; with: readonly ExtraService[]; veleroFlags: readonly string[] }
  /** The workload that it restores before anything is measured. */
  before?: string
  start(course: Course): Promise<Started>
}

/** Where a contender restores, and what. */
export interface Course {
  stack: Stack
  workload: Workload
  /** The folder of the backup. */
  folder: string
  /** What the Restore asks for. */
  spec: RestoreSpec
  /** What it restores before anything is measured. */
  before?: { backup: string; folder: string }
  /** Ends the wait for a restore. */
  signal: AbortSignal
}

/** A contender that is ready. */
export interface Started {
  /** Of the process that restores. */
  pid: number
  /** Restores, and resolves with the number of items. Throws where the restore does not end `Completed`. */
  restore(): Promise<number>
  /** The length of the workflow's histories. */
  events?(): Promise<number>
  stop(): Promise<void>
}

const quietly = { report: () => undefined, signal: new AbortController().signal }

/** As many requests as a worker has under way at the same time by default (`DRYDOCK_ITEMS_IN_FLIGHT`). */
const connections = 32

const unlimited = velero('velero-unlimited', 'Velero, client limits lifted', [
  '--client-qps=100000',
  '--client-burst=100000',
])
const owners = drydock('owners', 'Drydock, owners')
const rawOwners = raw('raw-owners', 'Raw writes of owners', 'owners')

/** All contenders, in the order in which they run in a round. */
export const contenders: readonly Contender[] = [
  velero('velero', 'Velero, as installed', []),
  unlimited,
  drydock('exact', 'Drydock, exact'),
  owners,
  drydock('owners', 'Drydock, owners, polite', { name: 'polite', env: { DRYDOCK_POLITE: 'true' } }),
  drydock('exact', 'Drydock, exact, each ConfigMap through an action of a plugin', {
    name: 'plugin',
    env: async () => ({ DRYDOCK_PLUGIN_DIR: dirname(await obtainTool('velero-demo-plugin', quietly)) }),
  }),
  raw('raw-exact', 'Raw writes of exact', 'exact'),
  rawOwners,
  again(unlimited),
  again(owners),
  again(rawOwners),
]

/** Those that the bench measures unless it is told: what a plugin costs, and who has restored before, are questions of their own. */
export const usualContenders: readonly string[] = contenders
  .filter(({ name, before }) => name !== 'plugin' && before === undefined)
  .map(({ name }) => name)

/**
 * The same, but it restores another backup of 5,000 objects before anything is measured. A worker runs for long, and its JavaScript
 * becomes fast by being run.
 */
function again(one: Contender): Contender {
  return { ...one, name: `${one.name}-again`, title: `${one.title}, the second time`, before: 'configmaps' }
}

async function restoreBefore({ stack, before, signal }: Course): Promise<void> {
  if (before !== undefined) await restoreToEnd(stack, { backupName: before.backup }, { signal, name: 'before' })
}

function velero(name: string, title: string, veleroFlags: readonly string[]): Contender {
  return {
    name,
    title,
    needs: { temporal: false, with: ['velero'], veleroFlags },
    start: async (course) => {
      await restoreBefore(course)
      return {
        pid: course.stack.pids['velero'] ?? 0,
        restore: async () =>
          (await restoreToEnd(course.stack, course.spec, course)).status?.progress?.itemsRestored ?? 0,
        stop: async () => {},
      }
    },
  }
}

function drydock(
  managedFields: ManagedFieldsMode,
  title: string,
  {
    name = managedFields,
    env = {},
  }: { name?: string; env?: Record<string, string> | (() => Promise<Record<string, string>>) } = {},
): Contender {
  return {
    name,
    title,
    needs: { temporal: true, with: [], veleroFlags: [] },
    start: async (course) => {
      const stack = course.stack as FullStack
      const worker = await startWorkerProcess({
        env: {
          ...stack.env,
          DRYDOCK_MANAGED_FIELDS: managedFields,
          ...(typeof env === 'function' ? await env() : env),
        },
        logFile: join(stack.dir, 'worker.log'),
        archiveDir: join(stack.dir, 'archives'),
      })
      await restoreBefore(course)
      let workflowId = ''
      return {
        pid: worker.pid,
        restore: async () => {
          const { metadata, status } = await restoreToEnd(course.stack, course.spec, course)
          workflowId = workflowIdOf({ namespace: 'velero', name: metadata.name, uid: metadata.uid ?? '' })
          return status?.progress?.itemsRestored ?? 0
        },
        events: () => countEvents(stack.temporal.address, workflowId),
        stop: () => worker.stop(),
      }
    },
  }
}

function raw(name: string, title: string, mode: ManagedFieldsMode): Contender {
  return {
    name,
    title,
    needs: { temporal: false, with: [], veleroFlags: [] },
    start: async (course) => {
      const generator = await generate(course, { do: 'restore', mode, exists: course.workload.exists === true })
      return { pid: generator.pid, restore: () => generator.go(), stop: () => generator.stop() }
    },
  }
}

/** Creates the objects that exist before the restore. */
export async function prepareExisting(course: Course): Promise<void> {
  const generator = await generate(course, { do: 'prepare' })
  try {
    await generator.go()
  } finally {
    await generator.stop()
  }
}

function generate({ stack, workload, folder, before }: Course, task: RawTask) {
  const source = (backup: string, from: string) => ({ backup, tarball: join(from, `${backup}.tar.gz`) })
  return startGenerator({
    task,
    ...source(workload.backup, folder),
    ...(before === undefined ? {} : { before: source(before.backup, before.folder) }),
    target: { url: stack.kubeUrl, ca: stack.kubeCa, token: stack.tokens.admin },
    connections,
  })
}
