import { spawn } from 'node:child_process'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Client, Connection } from '@temporalio/client'
import type { WorkflowHandle } from '@temporalio/client'
import { openKubeClient } from '../../devstack/cluster/kube-client.ts'
import type { KubeClient } from '../../devstack/cluster/kube-client.ts'
import { startStack, stopStack } from '../../devstack/stack.ts'
import { retryAnnotation } from '../../velero/labels.ts'
import { cancelSignal, pauseSignal, progressQuery } from '../../contract/restore-workflow.ts'
import { locksQuery, locksWorkflowIdOf } from '../../contract/lock-workflow.ts'
import { resumeSignal } from '../../contract/restore-workflow.ts'
import { waitUntil } from '../kit/wait-until.ts'
import { recordAnnotated, recordDrill, recordUndo } from './record-others.ts'
import { clusterOf, create, over, restoresPath, save } from './recorder.ts'
import type { Recorder } from './recorder.ts'

/**
 * `node test/histories/record.ts CHANGE [Clean Turns …]` records the histories that `test/workflows/replay.test.ts` replays, from
 * restores by a real worker on the real stack. Run it after a change of the order of commands, with a word for the change: it
 * is added to the names of the files, since histories of earlier versions stay.
 */

async function main(): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'drydock-histories-'))
  const stack = await startStack({ dir, backups: ['shop', 'bulk5k'] })
  const connection = await Connection.connect({ address: stack.temporal.address })
  const kube = openKubeClient({ url: stack.kubeUrl, ca: stack.kubeCa, token: stack.tokens.admin })
  const receiver = createServer((request, response) => void request.resume().on('end', () => response.end()))
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve))
  const env = {
    ...process.env,
    ...stack.env,
    DRYDOCK_ARCHIVE_DIR: join(dir, 'archives'),
    DRYDOCK_HTTP_ADDRESS: '127.0.0.1:0',
    DRYDOCK_NOTIFY_URL: `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`,
  }
  const main = fileURLToPath(new URL('../../worker/main.ts', import.meta.url))
  const worker = spawn(process.execPath, [main], { env, stdio: ['ignore', 'ignore', 'inherit'] })
  const ended = new Promise((resolve) => worker.on('exit', resolve))
  const recorder = { stack, kube, client: new Client({ connection }), change }
  try {
    for (const record of all.filter(({ name }) => wanted.length === 0 || wanted.includes(name.slice('record'.length))))
      await record(recorder)
  } finally {
    worker.kill('SIGTERM')
    await ended
    receiver.closeAllConnections()
    receiver.close()
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

async function locksId(recorder: Recorder): Promise<string> {
  return locksWorkflowIdOf({ namespace: 'velero', cluster: await clusterOf(recorder) })
}

async function underWay({ client }: Recorder, id: string): Promise<void> {
  const itemsDone = async () => (await client.workflow.getHandle(id).query(progressQuery)).itemsDone
  await waitUntil(async () => (await itemsDone().catch(() => 0)) > 1, 60_000, `${id} to be under way`)
}

const all = [
  recordClean,
  recordPartlyFailed,
  recordRetried,
  recordCancelled,
  recordResumed,
  recordTurns,
  recordAnew,
  recordAnnotated,
  recordUndo,
  recordDrill,
]
const [change = '', ...wanted] = process.argv.slice(2)
if (change === '') throw new Error('say in a word what has changed: node test/histories/record.ts CHANGE [Clean …]')
await main()
