import { gzipSync } from 'node:zlib'
import { PutObjectCommand } from '@aws-sdk/client-s3'
import { pack } from 'tar-stream'
import { openBucket } from '../../../devstack/bucket.ts'
import type { Manifest } from '../../../velero/manifest.ts'
import type { BackupVolumeInfo } from '../../../velero/volume-info.ts'
import { withAdmin } from '../restores.ts'
import type { TestCluster } from '../stack.ts'

/** One item of a crafted backup. */
export interface CraftedItem {
  groupResource: string
  manifest: Manifest
}

/** Puts a backup of these items into the bucket and its Backup into the cluster, as if Velero had made it. */
export async function craftBackup(
  cluster: TestCluster,
  name: string,
  items: readonly CraftedItem[],
  volumeInfo: readonly BackupVolumeInfo[] = [],
): Promise<void> {
  const tar = pack()
  for (const { groupResource, manifest } of items) {
    const { namespace, name: item } = manifest.metadata
    const scope = namespace === undefined ? 'cluster' : `namespaces/${namespace}`
    tar.entry({ name: `resources/${groupResource}/${scope}/${item}.json` }, JSON.stringify(manifest))
  }
  tar.finalize()
  const pieces: Buffer[] = []
  for await (const piece of tar) pieces.push(piece as Buffer)
  const client = openBucket(cluster.s3)
  const put = (key: string, body: Buffer) =>
    client.send(
      new PutObjectCommand({ Bucket: cluster.s3.bucket, Key: `${cluster.prefix}/backups/${name}/${key}`, Body: body }),
    )
  await put(`${name}.tar.gz`, gzipSync(Buffer.concat(pieces)))
  await put(`${name}-volumeinfo.json.gz`, gzipSync(JSON.stringify(volumeInfo)))
  client.destroy()
  await withAdmin(cluster, async (admin) => {
    await admin.must('POST', `/apis/velero.io/v1/namespaces/${cluster.veleroNamespace}/backups`, {
      apiVersion: 'velero.io/v1',
      kind: 'Backup',
      metadata: { name, namespace: cluster.veleroNamespace },
      spec: { storageLocation: 'default' },
      status: { phase: 'Completed' },
    })
  })
}

/** A pod with these containers and annotations. */
export function aPod(
  namespace: string,
  name: string,
  options: {
    containers?: readonly string[]
    annotations?: Record<string, string>
    labels?: Record<string, string>
  } = {},
): CraftedItem {
  const containers = (options.containers ?? ['app']).map((container) => ({
    name: container,
    image: 'example.com/app:1',
  }))
  return {
    groupResource: 'pods',
    manifest: {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace, annotations: options.annotations ?? {}, labels: options.labels ?? {} },
      spec: { containers },
    },
  }
}
