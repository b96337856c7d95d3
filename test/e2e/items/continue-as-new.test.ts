import { Client, Connection } from '@temporalio/client'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { locksWorkflowIdOf } from '../../../contract/lock-workflow.ts'
import { workflowIdOf } from '../../../contract/restore-workflow.ts'
import { countCreates, readAudit } from '../../kit/audit.ts'
import { awaitRestore, clusterIdOf, createRestore, readResultFiles } from '../../kit/restores.ts'
import { freshCluster } from '../../kit/stack.ts'
import type { TestCluster } from '../../kit/stack.ts'
import { watchPhases } from '../../kit/velero/watch-phases.ts'
import type { PhaseWatch } from '../../kit/velero/watch-phases.ts'
import { startWorker } from '../../kit/worker.ts'
import { ownTemporal } from '../chaos/own-temporal.ts'

/** Histories of these lengths are already long for this server. */
const asksSoon = ['limit.historyCount.suggestContinueAsNew=30']

/** Without controllers no pod runs its hooks, and no claim gets bound. */
const spec = {
  backupName: 'full',
  includeClusterResources: true,
  excludedResources: ['pods', 'persistentvolumeclaims'],
}

let cluster: TestCluster
let client: Client
let watch: PhaseWatch
const refs: Record<string, { namespace: string; name: string; uid: string }> = {}

/** The ids of a workflow's runs, of which each but the last was continued as new. */
async function runsOf(workflowId: string): Promise<string[]> {
  const runs: string[] = []
  for await (const { runId, status } of client.workflow.list({ query: `WorkflowId = '${workflowId}'` }))
    if (status.name !== 'RUNNING') runs.push(`${status.name} ${runId}`)
  return runs
}

async function begin(name: string): Promise<void> {
  const { metadata } = await createRestore(cluster, { name, spec })
  refs[name] = { namespace: 'velero', name, uid: metadata.uid ?? '' }
}

beforeAll(async () => {
  const temporal = await ownTemporal(asksSoon)
  client = new Client({ connection: await Connection.connect({ address: temporal.address }) })
  cluster = { ...(await freshCluster({ backups: ['full'], audit: true })), temporal }
  watch = await watchPhases(cluster)
  await startWorker(cluster, { DRYDOCK_CHUNK_ITEMS: '5' })
  await begin('long')
  await awaitRestore(cluster, 'long', ({ status }) => (status?.progress?.itemsRestored ?? 0) > 0)
  await begin('after-it')
  await awaitRestore(cluster, 'long')
  await awaitRestore(cluster, 'after-it')
})
afterAll(() => client.connection.close())

it('a restore whose history grows long goes on in a new run, with nothing doubled and nothing lost', async () => {
  await expect
    .poll(() => runsOf(workflowIdOf(refs['long']!)), { timeout: 120_000 })
    .toEqual(expect.arrayContaining([expect.stringMatching(/^CONTINUED_AS_NEW/), expect.stringMatching(/^COMPLETED/)]))
  const created = countCreates(readAudit(cluster), ['configmaps', 'secrets', 'deployments', 'services', 'roles'])
  expect(created.size).toBeGreaterThan(10)
  expect([...created].filter(([, times]) => times > 1)).toEqual([])
  const { resourceList } = await readResultFiles(cluster, 'long')
  const listed = Object.entries(resourceList ?? {}).flatMap(([kind, names]) => names.map((name) => `${kind} ${name}`))
  expect(new Set(listed).size).toBe(listed.length)
  const last = watch.statesOf('long').at(-1)
  expect(listed).toHaveLength(last?.progress?.itemsRestored ?? 0)
  expect(last?.progress?.itemsRestored).toBe(last?.progress?.totalItems)
})

it('its progress never goes back, and its phases are those of a short one', () => {
  const restored = watch.statesOf('long').map(({ progress }) => progress?.itemsRestored ?? 0)
  expect(restored).toEqual(restored.toSorted((one, other) => one - other))
  expect(watch.phasesOf('long')).toEqual(['', 'InProgress', 'Finalizing', 'Completed'])
})

it('it keeps its namespaces, while the workflow of the locks goes on in new runs too', async () => {
  const uid = await clusterIdOf(cluster)
  const locks = await runsOf(locksWorkflowIdOf({ namespace: 'velero', cluster: uid }))
  expect(locks).toContainEqual(expect.stringMatching(/^CONTINUED_AS_NEW/))
  const posts = readAudit(cluster).filter(({ verb }) => verb === 'create')
  const ofRestore = (name: string) => posts.filter(({ requestURI }) => requestURI.includes(refs[name]!.uid))
  const [first, second] = [ofRestore('long'), ofRestore('after-it')]
  expect(Math.min(first.length, second.length)).toBeGreaterThan(10)
  expect(second[0]!.requestReceivedTimestamp > first.at(-1)!.stageTimestamp).toBe(true)
})
