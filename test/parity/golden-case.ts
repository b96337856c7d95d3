import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import type { RestoreSpec } from '../../velero/restore.ts'
import { clusterChanges } from './dump-cluster.ts'
import type { ClusterChanges, ClusterDump } from './dump-cluster.ts'

/** `case.json`: all it takes to restore the case again, by Velero or by Drydock. */
export interface CaseFile {
  /** What the case is about, in a sentence. */
  about: string
  /** A folder under test/fixtures/backups. */
  backup: string
  spec: RestoreSpec
  /** Files under test/fixtures/cases with what stands in the cluster before. */
  objects?: readonly string[]
  annotations?: Record<string, string>
  /** Features of the server, as in `--features`. */
  features?: readonly string[]
  /** As in `--resource-timeout`; without it ten minutes. */
  resourceTimeout?: string
  /** As in `--terminating-resource-timeout`. */
  terminatingTimeout?: string
  /** As in `--restore-resource-priorities`. */
  priorities?: string
  /** The plugin of `devstack/go/velero/demo-plugin` runs, in Velero and in Drydock. */
  demoPlugin?: true
  /** Who moves data in place of a node-agent: brings each work order to this phase. */
  mover?: 'Completed' | 'Failed'
}

/** A case with what Velero v1.18.3 made of it. */
export interface GoldenCase extends CaseFile {
  name: string
  /** Of the Restore that Velero worked on. */
  uid: string
  outcome: Outcome
}

/** What is compared of a restore. */
export interface Outcome {
  cluster: ClusterChanges
  restore: RestoreShape
  results: unknown
  'resource list': unknown
  'item operations': unknown
  'volume info': unknown
}

/** The parts of a Restore that are compared. */
export interface RestoreShape {
  metadata: { uid?: string; annotations?: Record<string, string>; finalizers?: string[] }
  spec: unknown
  status: Record<string, unknown>
}

/** Reads a recorded case. */
export function readGoldenCase(name: string): GoldenCase {
  const json = (file: string): unknown => JSON.parse(readFileSync(join(caseFolder(name), file), 'utf8'))
  const zipped = (file: string): unknown =>
    JSON.parse(gunzipSync(readFileSync(join(caseFolder(name), 'files', file))).toString('utf8'))
  const restore = json('restore.json') as RestoreShape
  return {
    name,
    ...readCaseFile(name),
    uid: restore.metadata.uid ?? '',
    outcome: {
      cluster: existsSync(join(caseFolder(name), 'changes.json'))
        ? (json('changes.json') as ClusterChanges)
        : clusterChanges(json('before.json') as ClusterDump, json('cluster.json') as ClusterDump),
      restore: shapeOf(restore),
      results: existsOr(name, `restore-${name}-results.gz`, zipped),
      'resource list': existsOr(name, `restore-${name}-resource-list.json.gz`, zipped),
      'item operations': existsOr(name, `restore-${name}-itemoperations.json.gz`, zipped),
      'volume info': existsOr(name, `${name}-volumeinfo.json.gz`, zipped),
    },
  }
}

/** A restore that fails validation leaves no files. */
function existsOr(name: string, file: string, read: (file: string) => unknown): unknown {
  return existsSync(join(caseFolder(name), 'files', file)) ? read(file) : undefined
}

/** Reads the description of a case, recorded or not. */
export function readCaseFile(name: string): CaseFile {
  return JSON.parse(readFileSync(join(caseFolder(name), 'case.json'), 'utf8')) as CaseFile
}

/** Every case that has been recorded. */
export function recordedCases(): string[] {
  return readdirSync(goldenFolder)
    .filter((name) => existsSync(join(goldenFolder, name, 'restore.json')))
    .sort()
}

/** Where a case is kept. */
export function caseFolder(name: string): string {
  return join(goldenFolder, name)
}

/** What of a Restore is compared; times are not. */
export function shapeOf(restore: RestoreShape): RestoreShape {
  const { startTimestamp: _start, completionTimestamp: _end, ...status } = restore.status
  const { annotations, finalizers } = restore.metadata
  return {
    metadata: {
      ...(annotations === undefined ? {} : { annotations }),
      ...(finalizers === undefined ? {} : { finalizers }),
    },
    spec: restore.spec,
    status,
  }
}

const goldenFolder = fileURLToPath(new URL('../fixtures/golden', import.meta.url))
