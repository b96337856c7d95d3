import type { DiscoveredResource } from '../../../activities/ports.ts'
import type { Manifest } from '../../../velero/manifest.ts'
import { parseApiVersion } from '../../../velero/resource.ts'
import type { ResourceRef } from '../../../velero/resource.ts'

/** A kind as the server knows it. */
export interface Kind extends DiscoveredResource {
  /** Defined by a CustomResourceDefinition: the server checks and names it in another way. */
  custom: boolean
}

const verbs = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch']

/** group/version resource Kind [short names] [flags]; `cluster`: not in a namespace, `status`: has that subresource. */
const builtIn = `
v1 namespaces Namespace ns cluster status
v1 configmaps ConfigMap cm
v1 secrets Secret
v1 serviceaccounts ServiceAccount sa
v1 services Service svc status
v1 endpoints Endpoints ep
v1 pods Pod po status
v1 nodes Node no cluster status
v1 events Event ev
v1 persistentvolumes PersistentVolume pv cluster status
v1 persistentvolumeclaims PersistentVolumeClaim pvc status
v1 limitranges LimitRange limits
v1 resourcequotas ResourceQuota quota status
apps/v1 deployments Deployment deploy status
apps/v1 daemonsets DaemonSet ds status
apps/v1 statefulsets StatefulSet sts status
apps/v1 replicasets ReplicaSet rs status
batch/v1 jobs Job status
events.k8s.io/v1 events Event ev
rbac.authorization.k8s.io/v1 roles Role
rbac.authorization.k8s.io/v1 rolebindings RoleBinding
rbac.authorization.k8s.io/v1 clusterroles ClusterRole cluster
rbac.authorization.k8s.io/v1 clusterrolebindings ClusterRoleBinding cluster
storage.k8s.io/v1 storageclasses StorageClass sc cluster
scheduling.k8s.io/v1 priorityclasses PriorityClass pc cluster
apiregistration.k8s.io/v1 apiservices APIService cluster status
apiextensions.k8s.io/v1 customresourcedefinitions CustomResourceDefinition crd crds cluster status
coordination.k8s.io/v1 leases Lease
`

/** Velero's, none of which has a subresource. */
const velero = `
velero.io/v1 backups Backup
velero.io/v1 backupstoragelocations BackupStorageLocation bsl
velero.io/v1 volumesnapshotlocations VolumeSnapshotLocation vsl
velero.io/v1 backuprepositories BackupRepository
velero.io/v1 deletebackuprequests DeleteBackupRequest
velero.io/v1 downloadrequests DownloadRequest
velero.io/v1 podvolumebackups PodVolumeBackup
velero.io/v1 podvolumerestores PodVolumeRestore
velero.io/v1 restores Restore
velero.io/v1 schedules Schedule
velero.io/v2alpha1 datadownloads DataDownload
velero.io/v2alpha1 datauploads DataUpload
`

/** The kinds of a new cluster with Velero's CRDs. */
export const firstKinds: readonly Kind[] = [...readTable(builtIn, false), ...readTable(velero, true)]

/** Kinds whose objects have a generation from the start, beside all custom ones. */
const counted = new Set(['pods', 'deployments', 'daemonsets', 'statefulsets', 'replicasets', 'jobs'])

/** Whether the server counts changes of the spec. */
export function hasGeneration(kind: Kind): boolean {
  return kind.custom || counted.has(kind.resource) || kind.resource === 'customresourcedefinitions'
}

/** The status that the server gives to a new object of a built-in kind. */
const firstStatus: Readonly<Record<string, unknown>> = {
  namespaces: { phase: 'Active' },
  pods: { phase: 'Pending', qosClass: 'BestEffort' },
  persistentvolumeclaims: { phase: 'Pending' },
  persistentvolumes: { phase: 'Pending' },
}

/** What the server makes of a new object's fields beside its metadata. */
export function withDefaults(object: Manifest, kind: Kind): Manifest {
  const { status: _posted, ...rest } = object
  if (kind.group !== '' || !kind.hasStatus) return kind.hasStatus ? (rest as Manifest) : object
  const status = firstStatus[kind.resource]
  const spec = kind.resource === 'namespaces' ? { spec: { finalizers: ['kubernetes'] } } : {}
  return { ...(rest as Manifest), ...spec, ...(status === undefined ? {} : { status }) }
}

/** The kinds that a CustomResourceDefinition defines, one for each version that is served. */
export function kindsOf(definition: Manifest): Kind[] {
  const spec = definition['spec'] as {
    group: string
    scope: string
    names: { plural: string; singular?: string; kind: string; shortNames?: string[] }
    versions: { name: string; served: boolean; subresources?: { status?: object } }[]
  }
  const { plural, kind, singular = kind.toLowerCase(), shortNames = [] } = spec.names
  const served = spec.versions.filter((version) => version.served)
  return served.map(({ name, subresources }, index) => ({
    group: spec.group,
    version: name,
    resource: plural,
    kind,
    singular,
    shortNames,
    namespaced: spec.scope === 'Namespaced',
    verbs,
    preferred: index === 0,
    hasStatus: subresources?.status !== undefined,
    custom: true,
  }))
}

/** Events of both groups are the same objects. */
export function storedAs({ group, resource }: Pick<ResourceRef, 'group' | 'resource'>): string {
  return group === '' || (group === 'events.k8s.io' && resource === 'events') ? resource : `${resource}.${group}`
}

function readTable(table: string, custom: boolean): Kind[] {
  const preferred = new Map<string, string>()
  return table
    .trim()
    .split('\n')
    .map((line) => {
      const [apiVersion = '', resource = '', kind = '', ...words] = line.split(' ')
      const { group, version } = parseApiVersion(apiVersion)
      if (!preferred.has(group)) preferred.set(group, version)
      return {
        group,
        version,
        resource,
        kind,
        singular: kind.toLowerCase(),
        shortNames: words.filter((word) => word !== 'cluster' && word !== 'status'),
        namespaced: !words.includes('cluster'),
        verbs,
        preferred: preferred.get(group) === version,
        hasStatus: words.includes('status'),
        custom,
      }
    })
}
