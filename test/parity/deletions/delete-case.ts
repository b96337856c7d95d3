import { existsSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { PutObjectCommand } from '@aws-sdk/client-s3'
import { openBucket } from '../../../devstack/bucket.ts'
import { listKeys } from '../../kit/restores.ts'
import type { TestCluster } from '../../kit/stack.ts'
import { createVelero, getVelero, listVelero, patchVelero } from '../../kit/velero/velero-objects.ts'
import type { VeleroObject } from '../../kit/velero/velero-objects.ts'
import { waitUntil } from '../../kit/wait-until.ts'
import { differences } from '../differences.ts'
import type { Difference } from '../differences.ts'
import { clusterChanges, dumpCluster } from '../dump-cluster.ts'
import type { ClusterChanges } from '../dump-cluster.ts'
import type { CaseFile } from '../golden-case.ts'
import { inLane } from '../lanes.ts'
import { withVelero } from '../parity-bench.ts'
import type { Bench } from '../parity-bench.ts'

/** `case.json`: a backup that is deleted, by Velero or by Drydock. */
interface DeletionCase extends Pick<CaseFile, 'about' | 'backup' | 'demoPlugin'> {
  /** Snapshots that the cloud of the demo plugin has. */
  snapshots: readonly string[]
  /** Restores that are over, and the backups that they are of. */
  restores: Record<string, string>
}

/** All that is compared of a deletion: what is left of each thing. */
interface Deleted {
  cluster: ClusterChanges
  keys: readonly string[]
  backups: readonly string[]
  restores: readonly string[]
  requests: readonly unknown[]
  /** What the DeleteItemAction of the demo plugin was given, sorted. */
  given: readonly string[]
  /** What its VolumeSnapshotter was asked for, sorted. */
  calls: readonly string[]
  snapshots: readonly string[]
}

const folder = fileURLToPath(new URL('../../fixtures/deletions', import.meta.url))
const read = <T>(name: string, file: string): T => JSON.parse(readFileSync(join(folder, name, file), 'utf8')) as T

/** Whether there is a deletion of that name. */
export const isDeletion = (name: string): boolean => existsSync(join(folder, name, 'case.json'))

/** Every deletion that has been recorded. */
export function recordedDeletions(): string[] {
  return readdirSync(folder).filter((name) => existsSync(join(folder, name, 'deleted.json')))
}

/** Has real Velero v1.18.3 delete the backup, and keeps what is left beside `case.json`. */
export async function recordDeletion(name: string, bench: Bench): Promise<void> {
  const golden = read<DeletionCase>(name, 'case.json')
  const deleted = await withVelero({ ...golden, spec: {} }, { bench, flags: [] }, (cluster) => runCase(golden, cluster))
  await writeFile(join(folder, name, 'deleted.json'), `${JSON.stringify(deleted, undefined, 1)}\n`)
}

/** Has Drydock delete the backup, and says what is otherwise than with Velero. */
export async function checkDeletion(name: string, bench: Bench): Promise<Difference[]> {
  const golden = read<DeletionCase>(name, 'case.json')
  const deleted = await inLane({ ...golden, spec: {} }, bench, (cluster) => runCase(golden, cluster))
  return differences(read<Deleted>(name, 'deleted.json'), JSON.parse(JSON.stringify(deleted)))
}

async function runCase(golden: DeletionCase, cluster: TestCluster): Promise<Deleted> {
  const dir = mkdtempSync(join(tmpdir(), 'drydock-deletion-'))
  try {
    await makeReady(golden, { cluster, dir })
    const before = await dumpCluster(cluster, cluster.veleroNamespace)
    await askForDeletion(golden.backup, cluster)
    await waitUntil(() => isOver(golden.backup, cluster), 120_000, `the deletion of backup ${golden.backup}`)
    return await whatIsLeft(before, { cluster, dir })
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}

/** Where a case runs, and the folder with the cloud of the plugin and what it was given. */
interface Place {
  cluster: TestCluster
  dir: string
}

async function makeReady({ backup, snapshots, restores }: DeletionCase, { cluster, dir }: Place): Promise<void> {
  await mkdir(join(dir, 'snapshots'))
  for (const id of snapshots) await writeFile(join(dir, 'snapshots', id), '')
  await createVelero(cluster, 'volumesnapshotlocations', {
    apiVersion: 'velero.io/v1',
    kind: 'VolumeSnapshotLocation',
    metadata: { name: 'files' },
    spec: { provider: 'example.io/files', config: { dir } },
  })
  await patchVelero(cluster, 'backups', backup, {
    metadata: { annotations: { 'demo.example.io/deleted': join(dir, 'given') } },
  })
  for (const [name, backupName] of Object.entries(restores)) {
    await createVelero(cluster, 'restores', {
      apiVersion: 'velero.io/v1',
      kind: 'Restore',
      metadata: { name },
      spec: { backupName },
      status: { phase: 'Completed' },
    })
    await putObject(cluster, `restores/${name}/restore-${name}-logs.gz`)
  }
}

async function putObject({ s3, prefix }: TestCluster, key: string): Promise<void> {
  const client = openBucket(s3)
  try {
    await client.send(new PutObjectCommand({ Bucket: s3.bucket, Key: `${prefix}/${key}`, Body: Buffer.from('log') }))
  } finally {
    client.destroy()
  }
}

/** As `velero backup delete` does. */
async function askForDeletion(backup: string, cluster: TestCluster): Promise<void> {
  const uid = (await getVelero(cluster, 'backups', backup))?.metadata.uid
  await createVelero(cluster, 'deletebackuprequests', {
    apiVersion: 'velero.io/v1',
    kind: 'DeleteBackupRequest',
    metadata: { name: 'asked', labels: { 'velero.io/backup-name': backup, 'velero.io/backup-uid': uid } },
    spec: { backupName: backup },
  })
}

/** The request goes with its backup, or says what went wrong. */
async function isOver(backup: string, cluster: TestCluster): Promise<boolean> {
  const request = await getVelero(cluster, 'deletebackuprequests', 'asked')
  const isGone = request === undefined && (await getVelero(cluster, 'backups', backup)) === undefined
  const errors = request?.status?.['errors'] as unknown[] | undefined
  return isGone || (request?.status?.['phase'] === 'Processed' && (errors ?? []).length > 0)
}

async function whatIsLeft(before: Awaited<ReturnType<typeof dumpCluster>>, { cluster, dir }: Place): Promise<Deleted> {
  const list = async (resource: string) =>
    (await listVelero(cluster, resource)).toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
  const named = ({ metadata, status }: VeleroObject) => `${metadata.name}: ${String(status?.['phase'])}`
  const lines = (file: string) =>
    existsSync(join(dir, file)) ? readFileSync(join(dir, file), 'utf8').trim().split('\n').toSorted() : []
  return {
    cluster: clusterChanges(before, await dumpCluster(cluster, cluster.veleroNamespace)),
    keys: (await listKeys(cluster, '')).toSorted(),
    backups: (await list('backups')).map(named),
    restores: (await list('restores')).map(named),
    requests: (await list('deletebackuprequests')).map(({ spec, status }) => ({ spec, status })),
    given: lines('given'),
    calls: lines('calls'),
    snapshots: readdirSync(join(dir, 'snapshots')).toSorted(),
  }
}
