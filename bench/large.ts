import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Client, Connection } from '@temporalio/client'
import { Command } from 'commander'
import { workflowIdOf } from '../contract/restore-workflow.ts'
import { startWorkerProcess } from '../devstack/processes/worker-process.ts'
import { startStack, stopStack } from '../devstack/stack.ts'
import type { FullStack } from '../devstack/stack-types.ts'
import { withClient } from '../devstack/with-client.ts'
import { isTerminal } from '../velero/phases.ts'
import type { Restore } from '../velero/restore.ts'
import { writeBackupFolder } from './backups/backup-folder.ts'
import { smallObjects } from './backups/made-up-objects.ts'
import { openApiFront } from './front/api-front.ts'
import { activityTimes } from './observe/activity-times.ts'
import { callsBetween, readCalls } from './observe/count-calls.ts'
import type { CallCounts } from './observe/count-calls.ts'
import { cpuOf, peakOf, readProcesses } from './observe/process-table.ts'

const options = new Command('large')
  .description(
    'One large restore on real servers, with a small one beside it again and again. Between worker and API server stands a front: it may answer ' +
      'the creates of Secrets and ConfigMaps from memory (a stub), or delay each request. Prints one line of JSON, and with --times one for each small restore before it.',
  )
  .option('--objects <n>', 'Secrets and ConfigMaps', Number, 10_000)
  .option('--workers <n>', 'workers', Number, 1)
  .option('--latency <ms>', 'delay before the API server', Number, 0)
  .option('--real', 'all creates reach the real API server')
  .option('--times', 'tells when each activity of the last run began and ended, in milliseconds')
  .option('--alone', 'no small restores beside it')
  .option(
    '--kill',
    'the first worker is killed in the middle (kill -9) and another one started: tells how many creates came twice',
  )
  .option('--env <pairs...>', 'settings of the workers, as NAME=value', [])
  .parse()
  .opts<{
    objects: number
    workers: number
    latency: number
    real?: boolean
    times?: boolean
    alone?: boolean
    kill?: boolean
    env: string[]
  }>()

const path = '/apis/velero.io/v1/namespaces/velero/restores'
const namespaces = 10
const deadlineMs = 6 * 3600_000
const watchLoop = fileURLToPath(new URL('./observe/watch-loop.ts', import.meta.url))

const dir = mkdtempSync(join(tmpdir(), 'drydock-large-'))
const stop = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort(new Error('stopped')))
try {
  console.log(JSON.stringify(await measureLarge()))
} finally {
  await stopStack(join(dir, 'stack'))
  rmSync(dir, { recursive: true, force: true })
}

async function measureLarge(): Promise<object> {
  const [large, beside] = [join(dir, 'large'), join(dir, 'beside')]
  await writeBackupFolder(large, 'large', smallObjects(namespaces, Math.ceil(options.objects / namespaces / 2)))
  await writeBackupFolder(beside, 'beside', smallObjects(1, 7))
  const stack = await startStack({ dir: join(dir, 'stack'), backups: [large, beside], signal: stop.signal })
  const front = await openApiFront(stack, dir, { latencyMs: options.latency, isStub: options.real !== true })
  const workers = await startWorkers(stack, front.kubeconfig)
  try {
    for (const { pid } of workers) process.kill(pid, 'SIGUSR2')
    const aloneSeconds =
      options.alone === true ? [] : [await smallRestore(stack, 'first'), await smallRestore(stack, 'second')]
    const began = performance.now()
    const cpuBefore = cpuOfWorkers()
    const callsBefore = await readCalls(stack)
    const made = await create(stack, 'large', { backupName: 'large' })
    let isOver = false
    const killed = options.kill === true ? killInTheMiddle(stack, front.kubeconfig, workers) : undefined
    // Whatever it throws is thrown where it is awaited.
    killed?.catch(() => {})
    const besides = options.alone === true ? Promise.resolve([]) : restoreBeside(stack, () => isOver)
    const { status, metadata } = await toEnd(stack, made.metadata.name).finally(() => (isOver = true))
    const seconds = (performance.now() - began) / 1000
    const workflowId = workflowIdOf({ namespace: 'velero', name: 'large', uid: metadata.uid ?? '' })
    const items = status?.progress?.itemsRestored ?? 0
    return {
      ...options,
      phase: status?.phase,
      items,
      seconds: Math.round(seconds),
      itemsPerSecond: Math.round(items / seconds),
      cpuMsPerItemOfWorkers: Number((((cpuOfWorkers() - cpuBefore) * 1000) / items).toFixed(2)),
      peakMiB: workers.map(({ pid }) => Math.round(peakOf(pid) / 1024 ** 2)),
      loop: workers.map(({ loop }) => JSON.parse(readFileSync(loop, 'utf8')) as object),
      events: await eventsOfRuns(stack, workflowId),
      ...(options.times === true ? { times: await activityTimes(stack.temporal.address, workflowId) } : {}),
      aloneSeconds,
      besideSeconds: await besides,
      stub: front.held(),
      ...(killed === undefined
        ? {}
        : { killed: { ...(await killed), creates: await createsSince(stack, callsBefore) } }),
    }
  } finally {
    await Promise.all(workers.map((worker) => worker.stop()))
    front.close()
  }

  function cpuOfWorkers(): number {
    const rows = readProcesses()
    return workers.reduce((sum, { pid }) => sum + cpuOf(pid, rows), 0)
  }
}

function startWorkers(stack: FullStack, kubeconfig: string) {
  return Promise.all(Array.from({ length: options.workers }, (_, index) => startWorker(stack, kubeconfig, index)))
}

async function startWorker(stack: FullStack, kubeconfig: string, index: number) {
  const own = join(dir, `worker-${index}`)
  mkdirSync(own)
  const loop = join(own, 'loop.json')
  const settings = Object.fromEntries(options.env.map((pair) => pair.split(/=(.*)/s).slice(0, 2)))
  const worker = await startWorkerProcess({
    env: {
      ...stack.env,
      KUBECONFIG: kubeconfig,
      DRYDOCK_MANAGED_FIELDS: 'owners',
      NODE_OPTIONS: `--import ${watchLoop}`,
      BENCH_LOOP_FILE: loop,
      ...(settings as Record<string, string>),
    },
    logFile: join(own, 'log'),
    archiveDir: own,
  })
  return { ...worker, loop }
}

/** Restores 15 objects again and again, each time into another namespace, and tells how long each took. */
async function restoreBeside(stack: FullStack, isOver: () => boolean): Promise<number[]> {
  const seconds: number[] = []
  for (let number = 1; !isOver() && number <= 100; number++) {
    await sleep(10_000, undefined, { signal: stop.signal })
    if (isOver()) break
    seconds.push(await smallRestore(stack, `beside-${number}`))
  }
  return seconds
}

/** Restores 15 objects into a namespace of this name, and tells how many seconds that took. */
async function smallRestore(stack: FullStack, name: string): Promise<number> {
  const began = performance.now()
  await create(stack, name, { backupName: 'beside', namespaceMapping: { 'bulk-0': name } })
  const { metadata } = await toEnd(stack, name)
  const seconds = Number(((performance.now() - began) / 1000).toFixed(1))
  if (options.times === true) {
    const workflowId = workflowIdOf({ namespace: 'velero', name, uid: metadata.uid ?? '' })
    console.log(JSON.stringify({ name, seconds, times: await activityTimes(stack.temporal.address, workflowId) }))
  }
  return seconds
}

async function create(stack: FullStack, name: string, spec: object): Promise<Restore> {
  let made: Restore | undefined
  const body = { apiVersion: 'velero.io/v1', kind: 'Restore', metadata: { name, namespace: 'velero' }, spec }
  await withClient(stack, async (client) => void (made = (await client.must('POST', path, body)).body as Restore))
  if (made === undefined) throw new Error(`Restore ${name} was not created`)
  return made
}

/** Kills the first worker when half of the items are restored, and starts another one. */
async function killInTheMiddle(
  stack: FullStack,
  kubeconfig: string,
  workers: BenchWorker[],
): Promise<{ atItems: number }> {
  const atItems = await untilRestored(stack, 'large', options.objects / 2)
  const [first] = workers
  if (first === undefined) throw new Error('no worker runs')
  process.kill(first.pid, 'SIGKILL')
  workers.push(await startWorker(stack, kubeconfig, workers.length))
  return { atItems }
}

type BenchWorker = Awaited<ReturnType<typeof startWorker>>

/** How many creates of the bulk have reached the API server. */
async function createsSince(stack: FullStack, before: CallCounts): Promise<number> {
  return callsBetween(before, await readCalls(stack), ['secrets', 'configmaps'])['POST'] ?? 0
}

/** Waits until so many items of a restore are restored, and tells how many there are by then. */
async function untilRestored(stack: FullStack, name: string, items: number): Promise<number> {
  let restored = 0
  await withClient(stack, async (client) => {
    while (restored < items) {
      await sleep(200, undefined, { signal: stop.signal })
      const { status } = (await client.must('GET', `${path}/${name}`)).body as Restore
      if (isTerminal(status?.phase)) throw new Error(`Restore ${name} was over before ${items} items were restored`)
      restored = status?.progress?.itemsRestored ?? 0
    }
  })
  return restored
}

async function toEnd(stack: FullStack, name: string): Promise<Restore> {
  const until = performance.now() + deadlineMs
  let restore: Restore | undefined
  await withClient(stack, async (client) => {
    while (!isTerminal(restore?.status?.phase) && performance.now() < until) {
      await sleep(200, undefined, { signal: stop.signal })
      restore = (await client.must('GET', `${path}/${name}`)).body as Restore
    }
  })
  if (restore?.status?.phase === 'Completed') return restore
  throw new Error(`Restore ${name} ended ${JSON.stringify(restore?.status)}`)
}

/** The length of each run's history. */
async function eventsOfRuns(stack: FullStack, workflowId: string): Promise<number[]> {
  const connection = await Connection.connect({ address: stack.temporal.address })
  try {
    const { workflow } = new Client({ connection })
    await workflow.result(workflowId).catch(() => {})
    const lengths: number[] = []
    for await (const { runId } of workflow.list({ query: `WorkflowId = "${workflowId}"` }))
      lengths.push((await workflow.getHandle(workflowId, runId).describe()).historyLength)
    return lengths
  } finally {
    await connection.close()
  }
}
