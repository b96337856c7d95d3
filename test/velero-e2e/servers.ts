import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { credentialsFileOf, makeBucket, openBucket } from '../../devstack/bucket.ts'
import { openHome } from '../../devstack/home.ts'
import { endProcess } from '../../devstack/processes/end-process.ts'
import { isRunning } from '../../devstack/processes/process-mark.ts'
import { startWorkerProcess } from '../../devstack/processes/worker-process.ts'
import { drydockVeleroFlags, runVelero } from '../../devstack/services/velero.ts'
import { startStack, stopStack } from '../../devstack/stack.ts'
import type { ExtraService, FullStack } from '../../devstack/stack-types.ts'
import { startCopyingNodeAgent } from './copying-node-agent.ts'
import type { StandIn } from '../kit/clusters/stand-in.ts'
import type { Group } from './groups.ts'
import { startProvisioner } from './provisioner.ts'

/** What the suite runs against. */
export interface Servers {
  stack: FullStack
  /** A file with the keys of the bucket, as the AWS SDK reads it. */
  credentials: string
  /** The folder with a folder for each volume, by the uid of its PersistentVolume. */
  volumes: string
  /** Ends all of it; the logs stay where `keepFiles` says so. */
  stop(options: { keepFiles: boolean }): Promise<void>
}

/** Where to put everything, and how to report and stop. */
export interface Place {
  dir: string
  report: (line: string) => void
  signal: AbortSignal
}

/** What runs beside the stack. Nothing runs in pods, so that no image has to be had: the nodes are those of kwok. */
export const suiteServices: readonly ExtraService[] = ['controllerManager', 'scheduler', 'kwok', 'velero']

/** The suite's second location is a bucket of its own. */
export const additionalBucket = 'additional'

/**
 * Starts a whole cluster without machines, the bucket, Temporal, Velero's server without its restore controllers, a Drydock worker,
 * and what stands in for storage and node agent. If one does not start, all are stopped.
 */
export async function startServers(group: Group, place: Place): Promise<Servers> {
  const { dir, report, signal } = place
  const stackDir = join(dir, 'stack')
  const features = group.features === undefined ? [] : [`--features=${group.features.join(',')}`]
  const veleroFlags = [...drydockVeleroFlags, ...features, ...(group.serverFlags ?? [])]
  const stack = await startStack({
    dir: stackDir,
    with: suiteServices,
    veleroFlags,
    serviceAccountAdmission: true,
    report,
    signal,
  })
  const started: StandIn[] = []
  const stop: Servers['stop'] = async (options) => {
    for (const part of started.toReversed()) await part.stop()
    await stopStack(stackDir, options)
  }
  try {
    await addBucket(stack)
    const folders = { volumes: folder(dir, 'volumes'), snapshots: folder(dir, 'snapshots') }
    const credentials = writeCredentials(dir, stack)
    started.push(startProvisioner(stack, report), await startCopyingNodeAgent(stack, folders, report))
    if (group.installs === true) started.push(keepVelero(stack, { flags: veleroFlags, credentials }, place))
    started.push(await startWorker(stack, group, { dir, credentials }))
    return { stack, credentials, volumes: folders.volumes, stop }
  } catch (error) {
    await stop({ keepFiles: true })
    throw error
  }
}

async function addBucket({ s3 }: FullStack): Promise<void> {
  const client = openBucket(s3)
  await makeBucket(client, additionalBucket)
  client.destroy()
}

function writeCredentials(dir: string, { s3 }: FullStack): string {
  const file = join(dir, 'credentials')
  writeFileSync(file, credentialsFileOf(s3), { mode: 0o600 })
  return file
}

/** Velero's Deployment has no ready replica here: without these settings a worker would do its server's work a second time. */
function startWorker(
  stack: FullStack,
  group: Group,
  { dir, credentials }: { dir: string; credentials: string },
): Promise<StandIn> {
  const env = {
    ...stack.env,
    DRYDOCK_VELERO_CONTROLLERS: 'off',
    DRYDOCK_WITHOUT_VELERO: 'present',
    DRYDOCK_FEATURES: (group.features ?? []).join(','),
    AWS_SHARED_CREDENTIALS_FILE: credentials,
  }
  return startWorkerProcess({ env, logFile: join(dir, 'worker.log'), archiveDir: folder(dir, 'archives') })
}

/**
 * Starts Velero's server again whenever it has ended, as a Deployment would: it ends when its CustomResourceDefinitions go, and cannot
 * start before they are back. What the suite installs is a Deployment that kwok calls running. The first server is ended: the location
 * that the suite makes names no credential, so the server has to have one of its own, as the Deployment would give it.
 */
function keepVelero(
  stack: FullStack,
  { flags, credentials }: { flags: readonly string[]; credentials: string },
  { signal, report }: Place,
): StandIn {
  const home = openHome(stack.dir, { signal })
  const env = { AWS_SHARED_CREDENTIALS_FILE: credentials }
  const stopped = new AbortController()
  const loop = (async () => {
    const first = home.state.services['velero']
    if (first !== undefined) await endProcess(first)
    while (!stopped.signal.aborted) {
      const server = home.state.services['velero']
      if (server !== undefined && !isRunning(server))
        await runVelero(home, stack, flags, { env }).catch(() => report('Velero: the server cannot start yet'))
      await sleep(1000)
    }
  })()
  return {
    async stop() {
      stopped.abort()
      await loop
    },
  }
}

function folder(dir: string, name: string): string {
  const path = join(dir, name)
  mkdirSync(path, { recursive: true, mode: 0o700 })
  return path
}
