import { spawn } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { TestCluster } from '../kit/stack.ts'
import { demoPlugin } from '../kit/velero/demo-plugin.ts'
import { waitUntil } from '../kit/wait-until.ts'
import type { CaseFile } from './golden-case.ts'

/** A worker of Drydock with the settings of a case. */
export interface CaseWorker {
  /** Its settings: a case with the same ones may be restored by it. */
  settings: string
  /** The end of its log. */
  said(): string
  /** Kills it. */
  end(): Promise<void>
}

/** Starts one that takes Restores from the cluster, and waits until it does. */
export async function startCaseWorker(cluster: TestCluster, golden: CaseFile): Promise<CaseWorker> {
  const archives = mkdtempSync(join(tmpdir(), 'drydock-parity-archives-'))
  const plugins = golden.demoPlugin === true ? { DRYDOCK_PLUGIN_DIR: dirname(await demoPlugin()) } : {}
  const env = {
    ...process.env,
    ...addressesOf(cluster),
    ...settingsOf(golden),
    ...plugins,
    DRYDOCK_ARCHIVE_DIR: archives,
  }
  const child = spawn(process.execPath, [main], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  let text = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (piece: Buffer) => (text += piece.toString()))
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const isOver = () => child.exitCode !== null || child.signalCode !== null
  const end = async (): Promise<void> => {
    child.kill('SIGKILL')
    await ended
    await rm(archives, { recursive: true, force: true })
  }
  try {
    await waitUntil(() => isOver() || text.includes('watching Restores'), 120_000, 'the worker to be ready')
    if (isOver()) throw new Error('the worker did not start')
  } catch (error) {
    await end()
    throw new Error(`${error instanceof Error ? error.message : String(error)}\n${lastLines(text)}`, { cause: error })
  }
  return { settings: workerSettings(golden), said: () => lastLines(text), end }
}

/** The settings that a case asks of its worker, as one text. */
export function workerSettings(golden: CaseFile): string {
  return JSON.stringify({ ...settingsOf(golden), demoPlugin: golden.demoPlugin })
}

const main = fileURLToPath(new URL('../../worker/main.ts', import.meta.url))
const lastLines = (text: string): string => text.trimEnd().split('\n').slice(-15).join('\n')

function addressesOf(cluster: TestCluster): Record<string, string> {
  return {
    TEMPORAL_ADDRESS: cluster.temporal.address,
    TEMPORAL_NAMESPACE: 'default',
    KUBECONFIG: cluster.kubeconfig,
    VELERO_NAMESPACE: cluster.veleroNamespace,
    DRYDOCK_HTTP_ADDRESS: '127.0.0.1:0',
  }
}

/** What the flags of Velero's server are for a recorded case. */
function settingsOf(golden: CaseFile): Record<string, string> {
  return {
    DRYDOCK_VELERO_CONTROLLERS: 'off',
    DRYDOCK_ITEM_OPERATION_SYNC: '1s',
    DRYDOCK_FEATURES: (golden.features ?? []).join(','),
    ...(golden.resourceTimeout === undefined ? {} : { DRYDOCK_RESOURCE_TIMEOUT: golden.resourceTimeout }),
    ...(golden.terminatingTimeout === undefined
      ? {}
      : { DRYDOCK_TERMINATING_RESOURCE_TIMEOUT: golden.terminatingTimeout }),
    ...(golden.priorities === undefined ? {} : { DRYDOCK_RESTORE_RESOURCE_PRIORITIES: golden.priorities }),
  }
}

/** The same settings as flags of Velero's server. */
export function veleroFlagsOf(golden: CaseFile): string[] {
  return [
    ...(golden.features === undefined ? [] : [`--features=${golden.features.join(',')}`]),
    ...(golden.resourceTimeout === undefined ? [] : [`--resource-timeout=${golden.resourceTimeout}`]),
    ...(golden.terminatingTimeout === undefined ? [] : [`--terminating-resource-timeout=${golden.terminatingTimeout}`]),
    ...(golden.priorities === undefined ? [] : [`--restore-resource-priorities=${golden.priorities}`]),
    '--item-operation-sync-frequency=1s',
  ]
}
