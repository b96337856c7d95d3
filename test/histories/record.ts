import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Client, Connection } from '@temporalio/client'
import type { WorkflowHandle } from '@temporalio/client'
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js'
import { openKubeClient } from '../../devstack/cluster/kube-client.ts'
import type { KubeClient } from '../../devstack/cluster/kube-client.ts'
import { startStack, stopStack } from '../../devstack/stack.ts'
import type { FullStack } from '../../devstack/stack-types.ts'
import { retryAnnotation } from '../../velero/labels.ts'
import { isTerminal } from '../../velero/phases.ts'
import type { RestorePhase } from '../../velero/phases.ts'
import type { Restore, RestoreSpec } from '../../velero/restore.ts'
import { cancelSignal, pauseSignal, progressQuery } from '../../contract/restore-workflow.ts'
import { locksQuery, locksWorkflowIdOf } from '../../contract/lock-workflow.ts'
import { resumeSignal, workflowIdOf } from '../../contract/restore-workflow.ts'
import { waitUntil } from '../kit/wait-until.ts'

/**
 * `node test/histories/record.ts CHANGE [Clean Turns …]` records the histories that `test/workflows/replay.test.ts` replays, from
 * restores by a real worker on the real stack. Run it after a change of the order of commands, with a word for the change: it
 * is added to the names of the files, since histories of earlier versions stay.
 */
interface Recorder {
  stack: FullStack
  kube: KubeClient
  client: Client
}

const restoresPath = '/apis/velero.io/v1/namespaces/velero/restores'

async function main(): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'drydock-histories-'))
  const stack = await startStack({ dir, backups: ['shop', 'bulk5k'] })
  const connection = await Connection.connect({ address: stack.temporal.address })
  const kube = openKubeClient({ url: stack.kubeUrl, ca: stack.kubeCa, token: stack.tokens.admin })
  const env = { ...process.env, ...stack.env, DRYDOCK_ARCHIVE_DIR: join(dir, 'archives'), DRYDOCK_HTTP_ADDRESS: '127.0.0.1:0' }
  const main = fileURLToPath(new URL('../../worker/main.ts', import.meta.url))
  const worker = spawn(process.execPath, [main], { env, stdio: ['ignore', 'ignore', 'inherit'] })
  const ended = new Promise((resolve) => worker.on('exit', resolve))
  const recorder = { stack, kube, client: new Client({ connection }) }
  try {
    for (const record of all.filter(({ name }) => wanted.length === 0 || wanted.includes(name.slice('record'.length))))
      await record(recorder)
  } finally {
    worker.kill('SIGTERM')
    await ended
    await connection.close()
    await kube.close()
    await stopStack(dir)
    rmSync(dir, { recursive: true, force: true })
  }
}

async function recordClean(recorder: Recorder): Promise<void> {
  const id = await create(recorder, 'clean', { backupName: 'shop', includedResources: ['configmaps', 'secrets'] })
  await over(recorder, 'clean')
  await save(recorder, 'clean', id)
}

async function placeQuota(kube: KubeClient, name: string): Promise<void> {
  await kube.must('POST', '/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
  const quota = {
    apiVersion: 'v1',
    kind: 'ResourceQuota',
    metadata: { name: 'none' },
    spec: { hard: { 'count/configmaps': '0' } },
  }
  await kube.must('POST', `/api/v1/namespaces/${name}/resourcequotas`, quota)
  // No controller counts here: without a status the refusal would be final.
  const status = { hard: quota.spec.hard, used: quota.spec.hard }
  const at = `/api/v1/namespaces/${name}/resourcequotas/none/status`
  await kube.must('PATCH', at, { status }, 'application/merge-patch+json')
}

/** Its items are parked, and given up when all else is through. */
async function recordPartlyFailed(recorder: Recorder): Promise<void> {
  await placeQuota(recorder.kube, 'narrow')
  const id = await create(recorder, 'partly-failed', {
    backupName: 'shop',
    includedResources: ['configmaps'],
    namespaceMapping: { shop: 'narrow' },
  })
  await over(recorder, 'partly-failed')
  await save(recorder, 'partly-failed', id)
}

/** The retry of one that failed in part: the history is that of its second run. Some of its items are parked at first. */
async function recordRetried(recorder: Recorder): Promise<void> {
  const { kube, client } = recorder
  await placeQuota(kube, 'wider')
  const id = await create(recorder, 'retried', {
    backupName: 'shop',
    includedResources: ['configmaps', 'secrets'],
    namespaceMapping: { shop: 'wider' },
  })
  await over(recorder, 'retried')
  await client.workflow.getHandle(id).result()
  await kube.must('DELETE', '/api/v1/namespaces/wider/resourcequotas/none')
  const { runId } = await client.workflow.getHandle(id).describe()
  const metadata = { annotations: { [retryAnnotation]: 'once' } }
  await kube.must('PATCH', `${restoresPath}/retried`, { metadata }, 'application/merge-patch+json')
  let next = runId
  const isNext = async () => (next = (await client.workflow.getHandle(id).describe()).runId) !== runId
  await waitUntil(isNext, 60_000, 'the second run')
  await over(recorder, 'retried', 'Completed')
  await save(recorder, 'retried', id, next)
}

async function recordCancelled(recorder: Recorder): Promise<void> {
  const id = await create(recorder, 'cancelled', { backupName: 'bulk5k', includedResources: ['configmaps'] })
  await underWay(recorder, id)
  await recorder.client.workflow.getHandle(id).signal(cancelSignal, 'for the record')
  await over(recorder, 'cancelled')
  await save(recorder, 'cancelled', id)
}

/** Terminated by hand, and begun again by the watcher. */
async function recordResumed(recorder: Recorder): Promise<void> {
  const id = await create(recorder, 'resumed', { backupName: 'bulk5k', includedResources: ['secrets'] })
  await underWay(recorder, id)
  await recorder.client.workflow.getHandle(id).terminate('for the record')
  await over(recorder, 'resumed')
  await save(recorder, 'resumed', id)
}

/** One that waits for another's namespace, and the workflow that told it so. */
async function recordTurns(recorder: Recorder): Promise<void> {
  const { holder, id } = await waiting(recorder, 'turns')
  await holder.signal(resumeSignal)
  await over(recorder, 'turns')
  await save(recorder, 'turns', id)
  await save(recorder, 'locks', await locksId(recorder))
}

/** The locks are terminated by hand, and asked for anew: whoever holds some is asked. */
async function recordAnew(recorder: Recorder): Promise<void> {
  const { holder } = await waiting(recorder, 'anew')
  const locks = recorder.client.workflow.getHandle(await locksId(recorder))
  await locks.terminate('for the record')
  await create(recorder, 'after', { ...secrets, namespaceMapping: { bulk: 'bulk-anew' } })
  const holders = async () => (await locks.query(locksQuery)).holders.length
  await waitUntil(() => holders().then((count) => count > 0, () => false), 60_000, 'the locks to be known again')
  await holder.signal(resumeSignal)
  await over(recorder, 'after')
  await save(recorder, 'locks-anew', locks.workflowId)
}

const secrets = { backupName: 'bulk5k', includedResources: ['secrets'] }

/** A paused restore that holds a namespace, and another one that waits for it. */
async function waiting(recorder: Recorder, name: string): Promise<{ holder: WorkflowHandle; id: string }> {
  const spec = { ...secrets, namespaceMapping: { bulk: `bulk-${name}` } }
  const holder = recorder.client.workflow.getHandle(await create(recorder, `holder-of-${name}`, spec))
  await underWay(recorder, holder.workflowId)
  await holder.signal(pauseSignal, 'for the record')
  const id = await create(recorder, name, spec)
  const waits = async () => (await recorder.client.workflow.getHandle(id).query(progressQuery)).waitingFor !== undefined
  await waitUntil(() => waits().catch(() => false), 60_000, `${id} to wait`)
  return { holder, id }
}

async function locksId({ kube }: Recorder): Promise<string> {
  const cluster = (await kube.must('GET', '/api/v1/namespaces/kube-system')).body as Restore
  return locksWorkflowIdOf({ namespace: 'velero', cluster: cluster.metadata.uid ?? '' })
}

async function create({ kube }: Recorder, name: string, spec: RestoreSpec): Promise<string> {
  const body = { apiVersion: 'velero.io/v1', kind: 'Restore', metadata: { name, namespace: 'velero' }, spec }
  const { metadata } = (await kube.must('POST', restoresPath, body)).body as Restore
  return workflowIdOf({ namespace: 'velero', name, uid: metadata.uid ?? '' })
}

async function underWay({ client }: Recorder, id: string): Promise<void> {
  const itemsDone = async () => (await client.workflow.getHandle(id).query(progressQuery)).itemsDone
  await waitUntil(async () => (await itemsDone().catch(() => 0)) > 1, 60_000, `${id} to be under way`)
}

async function over({ kube }: Recorder, name: string, wanted?: RestorePhase): Promise<void> {
  const phase = async () => ((await kube.request('GET', `${restoresPath}/${name}`)).body as Restore).status?.phase
  const isOver = async () => (wanted === undefined ? isTerminal(await phase()) : (await phase()) === wanted)
  await waitUntil(isOver, 120_000, `Restore ${name} to be over`)
}

async function save({ client }: Recorder, name: string, id: string, runId?: string): Promise<void> {
  const handle = client.workflow.getHandle(id, runId)
  await handle.result().catch(() => undefined)
  const history = await handle.fetchHistory()
  writeFileSync(new URL(`${name}-${change}.json`, import.meta.url), `${historyToJSON(history)}\n`)
  console.log(`${name}: ${history.events?.length ?? 0} events`)
}

const all = [recordClean, recordPartlyFailed, recordRetried, recordCancelled, recordResumed, recordTurns, recordAnew]
const [change, ...wanted] = process.argv.slice(2)
if (change === undefined) throw new Error('say in a word what has changed: node test/histories/record.ts CHANGE [Clean …]')
await main()
