import type { BackedUpItem } from '../../kit/backups/put-backup.ts'
import type { Manifest } from '../../../velero/manifest.ts'

const metadata = (name: string) => ({ name, namespace: 'shop' })
const pods = { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'web', image: 'web:1' }] } }
const onceADay = { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'job', image: 'job:1' }] } } }

/** Its volumes, and their disks, stay where nobody has them go. */
export const storageClass = {
  apiVersion: 'storage.k8s.io/v1',
  kind: 'StorageClass',
  metadata: { name: 'retained' },
  provisioner: 'rancher.io/local-path',
  reclaimPolicy: 'Retain',
}

/** The items of the backup that is drilled. */
export const items: readonly BackedUpItem[] = [
  ['namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop', labels: { team: 'a' } } }],
  ['configmaps', { apiVersion: 'v1', kind: 'ConfigMap', metadata: metadata('c'), data: { key: 'value' } }],
  [
    'services',
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: metadata('web'),
      spec: { type: 'LoadBalancer', selector: { app: 'web' }, ports: [{ port: 80, nodePort: 30080 }] },
    },
  ],
  [
    'ingresses.networking.k8s.io',
    {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'Ingress',
      metadata: metadata('web'),
      spec: { defaultBackend: { service: { name: 'web', port: { number: 80 } } } },
    },
  ],
  [
    'cronjobs.batch',
    {
      apiVersion: 'batch/v1',
      kind: 'CronJob',
      metadata: metadata('daily'),
      spec: { schedule: '0 0 * * *', jobTemplate: { spec: onceADay } },
    },
  ],
  [
    'deployments.apps',
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: metadata('web'),
      spec: { replicas: 2, selector: { matchLabels: { app: 'web' } }, template: pods },
    },
  ],
  ['clusterroles.rbac.authorization.k8s.io', clusterRole()],
  [
    'persistentvolumeclaims',
    {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: metadata('data'),
      spec: {
        accessModes: ['ReadWriteOnce'],
        resources: { requests: { storage: '1Gi' } },
        storageClassName: storageClass.metadata.name,
      },
    },
  ],
]

function clusterRole(): Manifest {
  return { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', metadata: { name: 'shop' }, rules: [] }
}
