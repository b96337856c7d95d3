import type { RestoreSpec } from '../../velero/restore.ts'
import { aPod } from '../kit/backups/a-pod.ts'
import { manyItems } from '../kit/backups/many-items.ts'
import type { BackedUpItem, MadeUpBackup } from '../kit/backups/put-backup.ts'
import { aNamespace, movedClaims, podsWithVolumes } from '../kit/backups/volume-backups.ts'

/** The namespaces of the backup. A restore maps each to one of its own. */
export const namespaces: readonly string[] = ['shop', 'files', 'moved', 'web']

const hook = (command: string) => ({ exec: { command: ['run', command], waitForReady: true } })

/** The hooks that a restore of the backup asks for: two, one after the other, in each pod of the shop. */
export const hooks: NonNullable<RestoreSpec['hooks']> = {
  resources: [
    {
      name: 'warm-up',
      labelSelector: { matchLabels: { app: 'shop' } },
      postHooks: [hook('first'), hook('second')],
    },
  ],
}

/**
 * A backup with each kind of work, of about so many items: small objects in two namespaces, pods with hooks, pods whose volumes a
 * node agent fills, claims whose data is moved and whose new volumes get their labels and reclaim policy back, and objects that
 * depend on each other.
 */
export function mixedBackup(name: string, items: number): MadeUpBackup {
  const files = podsWithVolumes(name, 'files', [
    { name: 'one', volumes: { data: 'one-data', logs: 'one-logs' } },
    { name: 'two', volumes: { data: 'two-data' } },
  ])
  const moved = movedClaims(name, 'moved', 3)
  const shop = shopItems()
  const fixed = [...files.items, ...moved.items, ...shop]
  const many = Math.max(2, items - fixed.length)
  const small = { namespace: 'web' } as const
  const volumeinfo = [1, 2, 3].map((n) => ({
    pvcNamespace: 'moved',
    pvcName: `data-${n}`,
    pvName: `old-data-${n}`,
    backupMethod: 'CSISnapshot',
    snapshotDataMoved: true,
    pvInfo: { reclaimPolicy: 'Retain', labels: { tier: 'gold' } },
  }))
  return {
    name,
    spec: { ...moved.spec },
    items: [
      ...fixed,
      aNamespace('web'),
      ...manyItems(name, { ...small, count: Math.ceil(many / 2), kind: 'Secret' }).items,
      ...manyItems(name, { ...small, count: Math.floor(many / 2) }).items,
    ],
    files: { volumeinfo },
    ...(files.podVolumeBackups === undefined ? {} : { podVolumeBackups: files.podVolumeBackups }),
  }
}

function shopItems(): BackedUpItem[] {
  const namespace = 'shop'
  const labels = { app: 'shop' }
  const template = { metadata: { labels }, spec: { containers: [{ name: 'app', image: 'example.com/app:1' }] } }
  const item = (apiVersion: string, kind: string, itemName: string, rest: object) => ({
    apiVersion,
    kind,
    metadata: { name: itemName, namespace, labels },
    ...rest,
  })
  return [
    aNamespace(namespace),
    ['serviceaccounts', item('v1', 'ServiceAccount', 'runner', {})],
    [
      'deployments.apps',
      item('apps/v1', 'Deployment', 'web', { spec: { selector: { matchLabels: labels }, template } }),
    ],
    [
      'services',
      item('v1', 'Service', 'web', { spec: { clusterIP: 'None', selector: labels, ports: [{ port: 80 }] } }),
    ],
    ...[1, 2, 3].map((n) => aPod(namespace, `worker-${n}`, { labels })),
  ]
}
