import { isAbsolute } from 'node:path'
import { fileURLToPath } from 'node:url'
import { makeBucket, openBucket, uploadFolder } from './bucket.ts'
import { bringUpCluster, pidsOf, placeIfAsked } from './cluster.ts'
import { openHome, type Home } from './home.ts'
import { extraTools, startExtraServices, type ExtraOptions } from './services/extra-services.ts'
import { startTemporal } from './services/temporal.ts'
import { startVersitygw } from './services/versitygw.ts'
import type { BucketAddress, Cluster, FullStack, Stack, TemporalAddress } from './stack-types.ts'
import { stopStack } from './stop-stack.ts'
import type { ToolName } from './tools/tools.ts'

export { stopStack } from './stop-stack.ts'

export interface StackOptions extends ExtraOptions {
  /** The folder. An earlier stack in it is stopped and removed first. */
  dir: string
  /** Keeps an audit log of the API server, strictly: no request is answered before its event is written. */
  audit?: boolean
  /** An API server without what no test looks at: it costs less. */
  lean?: boolean
  /** Refuses pods whose ServiceAccount does not exist, and gives each pod its token, as a complete cluster does. */
  serviceAccountAdmission?: boolean
  /** Backups to upload and to apply: names under `test/fixtures/backups`, or absolute paths of folders. None by default. */
  backups?: readonly string[]
  /** `false`: without Temporal. */
  temporal?: boolean
  report?: (line: string) => void
  /** Stops the start. */
  signal?: AbortSignal
}

/**
 * Starts all servers that Drydock needs, on free ports of 127.0.0.1, and returns their addresses. If one does not
 * start, all are stopped, and their logs stay in the folder.
 */
export async function startStack(options: StackOptions & { temporal: false }): Promise<Stack>
export async function startStack(options: StackOptions & { temporal?: true }): Promise<FullStack>
export async function startStack(options: StackOptions): Promise<Stack>
export async function startStack(options: StackOptions): Promise<Stack> {
  await stopStack(options.dir)
  const home = openHome(options.dir, options)
  try {
    await fetchTools(home, options)
    const stack = await bringUp(home, options)
    home.state.stack = stack
    home.save()
    return stack
  } catch (error) {
    await stopStack(options.dir, { keepFiles: true })
    throw error
  }
}

/** One tool after the other: a build uses all processors, and one line of progress is enough. */
async function fetchTools(home: Home, options: StackOptions): Promise<void> {
  const extra = (options.with ?? []).flatMap((service) => extraTools[service])
  const temporal: ToolName[] = options.temporal === false ? [] : ['temporal']
  for (const name of ['etcd', 'kube-apiserver', 'versitygw', ...temporal, ...extra] as const) await home.tool(name)
}

async function bringUp(home: Home, options: StackOptions): Promise<Stack> {
  const folders = (options.backups ?? []).map(backupFolder)
  const [[s3, cluster], temporal] = await allOrNone([
    bucketAndCluster(home, folders, options),
    options.temporal === false ? undefined : startTemporal(home),
  ])
  await startExtraServices(home, cluster, options)
  return {
    ...cluster,
    s3,
    ...(temporal === undefined ? {} : { temporal }),
    env: environmentOf(cluster, temporal),
    pids: pidsOf(home),
  }
}

/** The location is validated when it is created, so the bucket is filled first. That takes less time than the API server needs. */
async function bucketAndCluster(
  home: Home,
  folders: readonly string[],
  options: StackOptions,
): Promise<[BucketAddress, Cluster]> {
  const place = await placeIfAsked(home, options)
  const s3 = await startVersitygw(home, undefined, place.node?.gateway)
  const filled = fillBucket(s3, folders)
  const [, cluster] = await allOrNone([
    filled,
    bringUpCluster(home, {
      audit: options.audit ?? false,
      lean: options.lean ?? false,
      ...(options.serviceAccountAdmission === undefined
        ? {}
        : { serviceAccountAdmission: options.serviceAccountAdmission }),
      ...place,
      location: { s3 },
      backups: folders,
      readonlyUser: true,
    }),
  ])
  return [s3, cluster]
}

async function fillBucket(s3: BucketAddress, folders: readonly string[]): Promise<void> {
  const client = openBucket(s3)
  try {
    await makeBucket(client, s3.bucket)
  } finally {
    client.destroy()
  }
  await Promise.all(folders.map((folder) => uploadFolder(s3, folder, `backups/${folder.split('/').at(-1)}/`)))
}

/** Waits for all, even if one fails, so that nothing starts after the clean-up. */
async function allOrNone<T extends readonly unknown[]>(
  work: readonly [...T],
): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> {
  const settled = await Promise.allSettled(work)
  for (const result of settled) if (result.status === 'rejected') throw result.reason
  return settled.map((result) => (result as PromiseFulfilledResult<unknown>).value) as never
}

function environmentOf(cluster: Cluster, temporal: TemporalAddress | undefined): Record<string, string> {
  return {
    ...(temporal === undefined ? {} : { TEMPORAL_ADDRESS: temporal.address, TEMPORAL_NAMESPACE: 'default' }),
    KUBECONFIG: cluster.kubeconfig,
    VELERO_NAMESPACE: cluster.veleroNamespace,
  }
}

const backupFolder = (name: string): string =>
  isAbsolute(name) ? name : fileURLToPath(new URL(`../test/fixtures/backups/${name}`, import.meta.url))
