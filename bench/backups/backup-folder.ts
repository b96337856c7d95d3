import { createWriteStream } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { finished, pipeline } from 'node:stream/promises'
import { createGzip, gzipSync } from 'node:zlib'
import { pack } from 'tar-stream'
import type { Manifest } from '../../velero/manifest.ts'

/** One object of a backup with its resource, such as `deployments.apps`. */
export type BackedUp = readonly [groupResource: string, manifest: Manifest]

/** Writes a made-up backup as Velero stores it: the tarball and the files that a restore needs beside it. */
export async function writeBackupFolder(folder: string, name: string, items: Iterable<BackedUp>): Promise<void> {
  await mkdir(folder, { recursive: true })
  await writeTarball(join(folder, `${name}.tar.gz`), items)
  for (const file of ['volumeinfo', 'podvolumebackups', 'volumesnapshots', 'itemoperations'])
    await writeFile(join(folder, `${name}-${file}.json.gz`), gzipSync('[]'))
  await writeFile(join(folder, 'velero-backup.json'), JSON.stringify(backupResource(name)))
}

/** One entry after the other, so that a large backup does not stand in memory. */
async function writeTarball(path: string, items: Iterable<BackedUp>): Promise<void> {
  const tar = pack()
  const written = pipeline(tar, createGzip({ level: 1 }), createWriteStream(path))
  const add = async (name: string, text: string) => {
    const entry = tar.entry({ name, size: Buffer.byteLength(text), mtime: backedUpAt })
    entry.end(text)
    await finished(entry)
  }
  await add('metadata/version', '1.1.0\n')
  for (const [groupResource, manifest] of items) await add(pathOf(groupResource, manifest), JSON.stringify(manifest))
  tar.finalize()
  await written
}

function pathOf(groupResource: string, { metadata: { namespace, name } }: Manifest): string {
  const place = namespace === undefined ? 'cluster' : `namespaces/${namespace}`
  return `resources/${groupResource}/${place}/${name}.json`
}

function backupResource(name: string): object {
  const at = backedUpAt.toISOString().replace(/\.\d+Z$/, 'Z')
  return {
    apiVersion: 'velero.io/v1',
    kind: 'Backup',
    metadata: { name, namespace: 'velero', labels: { 'velero.io/storage-location': 'default' } },
    spec: { storageLocation: 'default', csiSnapshotTimeout: '10m0s', snapshotVolumes: false },
    status: { version: 1, formatVersion: '1.1.0', phase: 'Completed', startTimestamp: at, completionTimestamp: at },
  }
}

const backedUpAt = new Date('2026-11-23T20:32:27Z')
