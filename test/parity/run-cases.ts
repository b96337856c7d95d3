import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { GetObjectCommand } from '@aws-sdk/client-s3'
import type { BackedUp } from '../../bench/backups/backup-folder.ts'
import { readTarball } from '../../bench/raw/read-tarball.ts'
import { planOwners } from '../../core/items/field-owners.ts'
import { openBucket } from '../../devstack/bucket.ts'
import { listKeys } from '../kit/restores.ts'
import type { TestCluster } from '../kit/stack.ts'
import { veleroFlagsOf } from './case-worker.ts'
import { compareOutcomes, hasSecondChances, withoutSecondChances } from './compare-outcomes.ts'
import type { Comparison } from './compare-outcomes.ts'
import { caseFolder, readCaseFile, readGoldenCase, recordedCases } from './golden-case.ts'
import { inLane } from './lanes.ts'
import { withVelero } from './parity-bench.ts'
import type { Bench } from './parity-bench.ts'
import { restoreCase, type Manner } from './restore-case.ts'

/**
 * Restores a recorded case with Drydock, in a bare cluster, and compares everything with what Velero made. With
 * second chances, what differs because of them is judged by rule.
 */
export async function checkCase(name: string, bench: Bench, manner: Manner = {}): Promise<Comparison> {
  const golden = readGoldenCase(name)
  const restored = await inLane(golden, bench, (cluster) => restoreCase(name, golden, cluster, manner))
  if (manner.secondChances !== true) return compareOutcomes(golden, restored)
  const { outcome, reasons } = withoutSecondChances(golden.outcome, restored.outcome)
  const { wrong, tolerated } = compareOutcomes(golden, { ...restored, outcome })
  const counted = new Map(tolerated)
  for (const reason of reasons) counted.set(reason, (counted.get(reason) ?? 0) + 1)
  return { wrong, tolerated: counted }
}

/** The recorded cases in which second chances make a difference. */
export function casesWithSecondChances(): string[] {
  return recordedCases().filter((name) => hasSecondChances(readGoldenCase(name)))
}

/**
 * The recorded cases whose backups have objects that mode owners restores in one write. The others go as in mode exact, unless the case
 * changes what counts for that: no recorded one is known to. A backup with a damaged object is taken in.
 */
export async function casesWithOneWrites(): Promise<string[]> {
  const backups = Map.groupBy(recordedCases(), (name) => readCaseFile(name).backup)
  const found: string[] = []
  for (const [backup, names] of backups) {
    const archive = fileURLToPath(new URL(`../fixtures/backups/${backup}/${backup}.tar.gz`, import.meta.url))
    const items = await readTarball(archive).catch(() => undefined)
    const isOneWrite = ([, manifest]: BackedUp) => !planOwners(manifest, 'owners', 'drydock').patchOwners
    if (items === undefined || items.some(isOneWrite)) found.push(...names)
  }
  return found.sort()
}

/** Restores a case with real Velero v1.18.3 and keeps what it made beside `case.json`. */
export async function recordCase(name: string, bench: Bench): Promise<void> {
  const golden = readCaseFile(name)
  const folder = caseFolder(name)
  await withVelero(golden, { bench, flags: veleroFlagsOf(golden) }, async (cluster) => {
    const { outcome, restore } = await restoreCase(name, golden, cluster)
    await writeJson(join(folder, 'changes.json'), outcome.cluster)
    await writeJson(join(folder, 'restore.json'), withoutManagers(restore))
    await keepFiles(cluster, name, join(folder, 'files'))
  })
}

function withoutManagers(restore: unknown): unknown {
  const { metadata, ...rest } = restore as { metadata: Record<string, unknown> }
  const { managedFields: _fields, ...kept } = metadata
  return { ...rest, metadata: kept }
}

async function writeJson(path: string, value: unknown): Promise<void> {
  await writeFile(path, `${JSON.stringify(value, undefined, 1)}\n`)
}

async function keepFiles(cluster: TestCluster, name: string, folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true })
  const client = openBucket(cluster.s3)
  try {
    for (const key of await listKeys(cluster, `restores/${name}/`)) {
      const found = await client.send(
        new GetObjectCommand({ Bucket: cluster.s3.bucket, Key: `${cluster.prefix}/${key}` }),
      )
      await writeFile(join(folder, key.split('/').at(-1) ?? ''), (await found.Body?.transformToByteArray()) ?? '')
    }
  } finally {
    client.destroy()
  }
}
