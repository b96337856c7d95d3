import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { PutObjectCommand } from '@aws-sdk/client-s3'
import { openBucket } from '../../../devstack/bucket.ts'
import type { Manifest } from '../../../velero/manifest.ts'
import { noteSecrets } from '../secrets/evidence.ts'
import type { TestCluster } from '../stack.ts'
import { withAdmin } from '../restores.ts'
import { tarball } from './tarball.ts'

/** An item of a backup: its group-resource, its manifest, and the name of its file where that is another one. */
export type BackedUpItem = readonly [groupResource: string, item: Manifest, file?: string]

/** A backup that a test makes up. */
export interface MadeUpBackup {
  name: string
  items: readonly BackedUpItem[]
  /** The BackupStorageLocation; absent for `default`. */
  location?: string
  /** Fields of the Backup's spec. */
  spec?: object
  /** Metadata files by the end of their name, such as `volumeinfo`. */
  files?: Record<string, unknown>
  /** PodVolumeBackups, as Velero's sync would bring them into the cluster. */
  podVolumeBackups?: readonly Manifest[]
}

/**
 * Puts a backup into the cluster's location and its Backup into the cluster. The metadata comes last: until then a
 * worker that syncs takes the folder for a backup under way, so it neither creates the Backup before us nor removes ours.
 */
export async function putBackup(cluster: TestCluster, backup: MadeUpBackup): Promise<void> {
  const { name } = backup
  noteSecrets(backup.items.map(([, item]) => item))
  const resource = backupResource(cluster, backup)
  const client = openBucket(cluster.s3)
  const put = (file: string, Body: Buffer) =>
    client.send(
      new PutObjectCommand({ Bucket: cluster.s3.bucket, Key: `${cluster.prefix}/backups/${name}/${file}`, Body }),
    )
  try {
    for (const [file, content] of await filesOf(backup)) await put(file, content)
    await withAdmin(cluster, async (admin) => {
      const path = `/apis/velero.io/v1/namespaces/${cluster.veleroNamespace}`
      await admin.must('POST', `${path}/backups`, resource)
      for (const one of backup.podVolumeBackups ?? []) await admin.must('POST', `${path}/podvolumebackups`, one)
    })
    await put('velero-backup.json', Buffer.from(JSON.stringify(resource)))
  } finally {
    client.destroy()
  }
}

/** Puts a backup below a folder that is the bucket of a location, and its Backup into the cluster. */
export async function putBackupInto(folder: string, cluster: TestCluster, backup: MadeUpBackup): Promise<void> {
  const { name } = backup
  noteSecrets(backup.items.map(([, item]) => item))
  const resource = backupResource(cluster, backup)
  const own = join(folder, 'backups', name)
  await mkdir(own, { recursive: true })
  const files = [...(await filesOf(backup)), ['velero-backup.json', Buffer.from(JSON.stringify(resource))] as const]
  for (const [file, content] of files) await writeFile(join(own, file), content)
  const path = `/apis/velero.io/v1/namespaces/${cluster.veleroNamespace}/backups`
  await withAdmin(cluster, (admin) => admin.must('POST', path, resource))
}

/** The files of a backup but for its metadata, by their names. */
async function filesOf({ name, items, files }: MadeUpBackup): Promise<(readonly [string, Buffer])[]> {
  const lists = Object.entries({ volumeinfo: [], ...files })
  return [
    [`${name}.tar.gz`, await archiveOf(items)],
    ...lists.map(([file, list]) => [`${name}-${file}.json.gz`, gzipSync(JSON.stringify(list))] as const),
  ]
}

function backupResource({ veleroNamespace }: TestCluster, { name, spec, location = 'default' }: MadeUpBackup): object {
  const times = { startTimestamp: '2026-11-23T20:32:27Z', completionTimestamp: '2026-11-23T20:32:28Z' }
  return {
    apiVersion: 'velero.io/v1',
    kind: 'Backup',
    metadata: { name, namespace: veleroNamespace, labels: { 'velero.io/storage-location': location } },
    spec: { csiSnapshotTimeout: '10m0s', ...spec, storageLocation: location },
    status: { version: 1, formatVersion: '1.1.0', phase: 'Completed', ...times },
  }
}

function archiveOf(items: MadeUpBackup['items']): Promise<Buffer> {
  const files = items.map(([groupResource, item, file = item.metadata.name]) => {
    const { namespace } = item.metadata
    const place = namespace === undefined ? 'cluster' : `namespaces/${namespace}`
    return { name: `resources/${groupResource}/${place}/${file}.json`, text: JSON.stringify(item) }
  })
  return tarball([{ name: 'metadata/version', text: '1.1.0\n' }, ...files])
}
