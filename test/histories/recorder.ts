import { writeFileSync } from 'node:fs'
import type { Client } from '@temporalio/client'
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js'
import type { KubeClient } from '../../devstack/cluster/kube-client.ts'
import type { FullStack } from '../../devstack/stack-types.ts'
import { workflowIdOf } from '../../contract/restore-workflow.ts'
import { isTerminal } from '../../velero/phases.ts'
import type { RestorePhase } from '../../velero/phases.ts'
import type { Restore, RestoreSpec } from '../../velero/restore.ts'
import { waitUntil } from '../kit/wait-until.ts'

/** What histories are recorded with. */
export interface Recorder {
  stack: FullStack
  kube: KubeClient
  client: Client
  /** Stands in the names of the files. */
  change: string
}


export const restoresPath = '/apis/velero.io/v1/namespaces/velero/restores'

/** The uid by which Drydock knows the cluster. */
export async function clusterOf({ kube }: Recorder): Promise<string> {
  const cluster = (await kube.must('GET', '/api/v1/namespaces/kube-system')).body as Restore
  return cluster.metadata.uid ?? ''
}

/** Creates a Restore; returns the id of its workflow. */
export async function create(
  { kube }: Recorder,
  name: string,
  spec: RestoreSpec,
  annotations: Record<string, string> = {},
): Promise<string> {
  const body = { apiVersion: 'velero.io/v1', kind: 'Restore', metadata: { name, namespace: 'velero', annotations }, spec }
  const { metadata } = (await kube.must('POST', restoresPath, body)).body as Restore
  return workflowIdOf({ namespace: 'velero', name, uid: metadata.uid ?? '' })
}

/** Waits until a Restore is over, or has a phase. */
export async function over({ kube }: Recorder, name: string, wanted?: RestorePhase): Promise<void> {
  const phase = async () => ((await kube.request('GET', `${restoresPath}/${name}`)).body as Restore).status?.phase
  const isOver = async () => (wanted === undefined ? isTerminal(await phase()) : (await phase()) === wanted)
  await waitUntil(isOver, 120_000, `Restore ${name} to be over`)
}

/** Writes the history of a workflow that is over, or will be. */
export async function save({ client, change }: Recorder, name: string, id: string, runId?: string): Promise<void> {
  const handle = client.workflow.getHandle(id, runId)
  await handle.result().catch(() => undefined)
  const history = await handle.fetchHistory()
  writeFileSync(new URL(`${name}-${change}.json`, import.meta.url), `${historyToJSON(history)}\n`)
  console.log(`${name}: ${history.events?.length ?? 0} events`)
}

