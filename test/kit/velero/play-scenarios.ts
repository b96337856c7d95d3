import { textAt } from '../../../core/values/fields.ts'
import type { Manifest } from '../../../velero/manifest.ts'
import { holdNamespace, letNamespaceGo } from '../held-namespace.ts'
import { startNodeAgent } from './node-agent.ts'
import type { Verdict } from './node-agent.ts'
import type { PhaseScenario } from './phase-scenarios.ts'
import { putBackup } from '../backups/put-backup.ts'
import { createRestore, withAdmin } from '../restores.ts'
import type { TestCluster } from '../stack.ts'
import { createVelero, patchVelero } from './velero-objects.ts'
import { velero } from './velero-cli.ts'
import { waitUntil } from '../wait-until.ts'
import type { PhaseWatch } from './watch-phases.ts'

/** Velero restores one after another, so the last of them comes late. */
const patience = 300_000

/**
 * Plays scenarios side by side, whoever restores: prepares each, creates the Restores by `velero`, and does what users
 * and nodes do meanwhile. It resolves when all of that is done; the restores may still be under way.
 */
export async function playScenarios(
  cluster: TestCluster,
  watch: PhaseWatch,
  scenarios: readonly PhaseScenario[],
): Promise<void> {
  await startNodeAgent(cluster, { verdict: (order) => verdictOf(order, watch, scenarios) })
  for (const scenario of scenarios) await prepare(cluster, scenario)
  await Promise.all(scenarios.map((scenario) => begin(cluster, scenario)))
  try {
    await Promise.all(scenarios.map((scenario) => steer(cluster, watch, scenario)))
  } catch (error) {
    const seen = scenarios.map(({ name }) => `${name}: ${watch.phasesOf(name).join(' → ')}`)
    throw new Error(`${String(error)}; phases so far:\n${seen.join('\n')}`, { cause: error })
  }
}

/** By the label that tells node agents for which restore an order is. */
function verdictOf(order: Manifest, watch: PhaseWatch, scenarios: readonly PhaseScenario[]): Verdict {
  const name = textAt(order, 'metadata', 'labels', 'velero.io/restore-name')
  const { download } = scenarios.find((scenario) => scenario.name === name) ?? {}
  return download?.(textAt(order, 'spec', 'targetVolume', 'pvc'), watch.phasesOf(name)) ?? 'stuck'
}

async function prepare(cluster: TestCluster, { name, backup, standing, held }: PhaseScenario): Promise<void> {
  if (backup !== undefined) await putBackup(cluster, backup)
  else
    await createVelero(cluster, 'backups', {
      apiVersion: 'velero.io/v1',
      kind: 'Backup',
      metadata: { name },
      spec: { storageLocation: 'default' },
      status: { phase: 'Completed' },
    })
  if (held !== undefined) await holdNamespace(cluster, held)
  if (standing === undefined) return
  await withAdmin(cluster, async (admin) => {
    await admin.must('POST', '/api/v1/namespaces', { metadata: { name } })
    const existing = { metadata: { name: 'existing' }, data: { key: 'another value' } }
    await admin.must('POST', `/api/v1/namespaces/${name}/configmaps`, existing)
  })
}

async function begin(cluster: TestCluster, { name, flags = [], createdAsNew }: PhaseScenario): Promise<void> {
  if (createdAsNew !== undefined) {
    await createRestore(cluster, { name, spec: { backupName: name }, status: { phase: 'New' } })
    return
  }
  const { code, stdout, stderr } = await velero(cluster, 'restore', 'create', name, '--from-backup', name, ...flags)
  if (code !== 0) throw new Error(`velero restore create ${name}: ${stderr}${stdout}`)
}

/** What a user or a node does while the restore is under way. */
async function steer(
  cluster: TestCluster,
  watch: PhaseWatch,
  { name, held, download, cancelIn }: PhaseScenario,
): Promise<void> {
  if (cancelIn !== undefined) {
    await waitUntil(() => watch.phasesOf(name).at(-1) === cancelIn, patience, `${name} to be ${cancelIn}`)
    await patchVelero(cluster, 'restores', name, { metadata: { annotations: { 'drydock.io/cancel': 'enough' } } })
  } else if (held !== undefined && download !== undefined) {
    await waitUntil(() => haveDownloadsEnded(cluster, name), patience, `the downloads of ${name}`)
    const phase = watch.phasesOf(name).at(-1)
    if (phase !== 'InProgress') throw new Error(`${name} did not wait for namespace ${held}: it is ${phase}`)
    await letNamespaceGo(cluster, held)
  }
}

async function haveDownloadsEnded(cluster: TestCluster, restore: string): Promise<boolean> {
  const path = `/apis/velero.io/v2alpha1/namespaces/velero/datadownloads?labelSelector=velero.io/restore-name=${restore}`
  const list = await withAdmin(cluster, async (admin) => (await admin.must('GET', path)).body)
  const phases = (list as { items: Manifest[] }).items.map((order) => textAt(order, 'status', 'phase'))
  return phases.length > 0 && phases.every((phase) => phase === 'Completed' || phase === 'Failed')
}
