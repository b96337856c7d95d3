import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { RestoreSpec } from '../velero/restore.ts'
import { writeBackupFolder } from './backups/backup-folder.ts'
import type { BackedUp } from './backups/backup-folder.ts'
import { applications, configMaps, podsWithClaims, smallObjects } from './backups/made-up-objects.ts'

/** A backup to restore, and how. */
export interface Workload {
  name: string
  /** For a reader: what is restored. */
  title: string
  /** The name of the backup. */
  backup: string
  /** The objects of a made-up backup; absent where it is a recorded one. `scale` makes it smaller. */
  items?: (scale: number) => Iterable<BackedUp>
  spec?: RestoreSpec
  /** The objects exist already, with other contents. */
  exists?: boolean
  /** The collection in which the first object of the first large wave appears. */
  first: string
  /** The resources whose requests are counted. */
  resources: readonly string[]
  /** These contenders restore a part only, since the whole takes too long. */
  part?: { contenders: readonly string[]; spec: RestoreSpec; because: string }
}

const small = { first: '/api/v1/secrets', resources: ['namespaces', 'secrets', 'configmaps'] }

/** All workloads. */
export const workloads: readonly Workload[] = [
  { name: 'bulk5k', title: '5,003 items: Secrets and ConfigMaps in one namespace', backup: 'bulk5k', ...small },
  {
    name: 'bulk5k-update',
    title:
      'The same 5,003 items over existing objects with other contents, under existingResourcePolicy: update. The raw writes are the patches alone, as if all objects were known',
    backup: 'bulk5k',
    spec: { existingResourcePolicy: 'update' },
    exists: true,
    ...small,
  },
  {
    name: 'applications',
    title: '1,000 Deployments with their Services and ConfigMaps in 50 namespaces, installed by Helm',
    backup: 'applications',
    items: (scale) => applications(Math.max(1, Math.round(50 * scale)), 20),
    first: '/api/v1/configmaps',
    resources: ['namespaces', 'configmaps', 'services', 'deployments'],
  },
  {
    name: 'pods',
    title: '300 pods, each with a claim',
    backup: 'pods',
    items: (scale) => podsWithClaims(Math.max(1, Math.round(300 * scale))),
    first: '/api/v1/persistentvolumeclaims',
    resources: ['namespaces', 'serviceaccounts', 'persistentvolumeclaims', 'pods'],
  },
  {
    name: 'bulk100k',
    title: '100,000 Secrets and ConfigMaps in 20 namespaces',
    backup: 'bulk100k',
    items: (scale) => smallObjects(20, Math.max(1, Math.round(2500 * scale))),
    part: {
      contenders: ['velero', 'velero-unlimited'],
      spec: { includedNamespaces: ['bulk-0'] },
      because: 'one namespace of 20: the whole would take it more than half an hour',
    },
    ...small,
  },
  {
    name: 'configmaps',
    title: '5,000 ConfigMaps in one namespace: what an action of a plugin costs',
    backup: 'configmaps',
    items: (scale) => configMaps(Math.max(1, Math.round(5000 * scale))),
    first: '/api/v1/configmaps',
    resources: ['namespaces', 'configmaps'],
  },
  {
    name: 'small',
    title: '300 Secrets and ConfigMaps, to try the bench',
    backup: 'small',
    items: () => smallObjects(1, 150),
    ...small,
  },
]

/** What the bench measures unless it is told. `small` proves nothing, `configmaps` goes with `plugin`, and `bulk100k` takes longest. */
export const usualWorkloads: readonly string[] = ['bulk5k', 'bulk5k-update', 'applications', 'pods', 'bulk100k']

/** The folder of a workload's backup; a made-up one is written below `dir`. */
export async function backupFolderOf({ backup, items }: Workload, dir: string, scale: number): Promise<string> {
  if (items === undefined) return fileURLToPath(new URL(`../test/fixtures/backups/${backup}`, import.meta.url))
  const folder = join(dir, backup)
  await writeBackupFolder(folder, backup, items(scale))
  return folder
}
