import type { Manifest, OwnerReference } from '../../velero/manifest.ts'
import type { GroupResource } from '../../velero/resource.ts'
import type { VolumeFacts } from './volume-fate.ts'
import type { AtZero } from './outcome.ts'
import { objectsAt, textAt, valueAt } from '../values/fields.ts'

/** Whether the restore has an item of the backup; a pod may be left out only where its controller makes it anew. */
export type IsPlanned = (groupResource: GroupResource, namespace: string, name: string) => boolean

/** What says whose data is still to come: a workload can stand still until the end of the restore only without such data. */
type DataFacts = Pick<VolumeFacts, 'infos' | 'podVolumeBackups' | 'movedClaims'>

/** The workloads that are created with zero replicas, in the order in which they are scaled back. */
export const scaledWorkloads: readonly GroupResource[] = [
  'statefulsets.apps',
  'deployments.apps',
  'replicasets.apps',
  'replicationcontrollers',
]

/** The controllers of pods among them, by kind. */
const podControllers: Readonly<Record<string, { apiGroup: string; groupResource: GroupResource }>> = {
  StatefulSet: { apiGroup: 'apps/', groupResource: 'statefulsets.apps' },
  ReplicaSet: { apiGroup: 'apps/', groupResource: 'replicasets.apps' },
  ReplicationController: { apiGroup: 'v1', groupResource: 'replicationcontrollers' },
}

/** What becomes of the replicas of an object: all as the backup has them, none at first, or all although none were asked for. */
export type ZeroDecision = { do: 'as-is' } | { do: 'zero'; atZero: AtZero } | { do: 'keep'; because: string }

/**
 * Decides whether an object is created with zero replicas (annotation `drydock.io/replicas`). `item` is the object in the
 * backup, `object` what is to be written. A workload keeps its replicas where data gets into its volumes only while its pods
 * are there: a node agent fills the volumes of a pod, and a data mover may wait until a pod uses the claim.
 */
export function decideZero(
  { item, object, groupResource }: { item: Manifest; object: Manifest; groupResource: GroupResource },
  volumes: DataFacts,
): ZeroDecision {
  if (!scaledWorkloads.includes(groupResource)) return { do: 'as-is' }
  const replicas = valueAt(object, 'spec', 'replicas') ?? 1
  if (typeof replicas !== 'number' || replicas <= 0) return { do: 'as-is' }
  const because = whyPodsAreNeeded(item, groupResource, volumes)
  if (because !== undefined) return { do: 'keep', because: `it keeps its ${replicas} replicas: ${because}` }
  const controller = controllerOf(item)
  const named = controller === undefined ? {} : { controller: `${controller.kind} ${controller.name}` }
  return { do: 'zero', atZero: { replicas, ...named } }
}

/** The same object with zero replicas. */
export function withZeroReplicas(object: Manifest): Manifest {
  return { ...object, spec: { ...(object['spec'] as object | undefined), replicas: 0 } }
}

/** The same object without a number of replicas: that of a workload that began with none is told of by whoever scales it. */
export function withoutReplicas(object: Manifest): Manifest {
  const { replicas: _replicas, ...spec } = { ...(object['spec'] as Record<string, unknown> | undefined) }
  return { ...object, spec }
}

/**
 * Why a pod is left out; undefined for one that is restored. Its workload makes it anew once it has replicas. A pod that comes
 * before its workload would run all the same, until the workload stands and removes it.
 */
export function whyPodWaits(
  item: Manifest,
  groupResource: GroupResource,
  { isPlanned, volumes }: { isPlanned: IsPlanned; volumes: DataFacts },
): string | undefined {
  if (groupResource !== 'pods') return undefined
  const { namespace = '', name } = item.metadata
  const controller = controllerOf(item)
  const known = controller === undefined ? undefined : podControllers[controller.kind]
  if (controller === undefined || known === undefined || !controller.apiVersion.startsWith(known.apiGroup))
    return undefined
  if (!isPlanned(known.groupResource, namespace, controller.name)) return undefined
  const isFilled = volumes.podVolumeBackups.some((backup) => isOfPod(backup, namespace, (pod) => pod === name))
  if (isFilled || movedClaim(namespace, claimsIn(valueAt(item, 'spec')), volumes) !== undefined) return undefined
  return `${controller.kind} ${controller.name} is restored with zero replicas, and makes the pod once it has some`
}

/** Whether the pod has hooks of its own, which no pod that is made anew gets: they are told of. */
export function hasRestoreHooks({ metadata }: Manifest): boolean {
  return Object.keys(metadata.annotations ?? {}).some((key) => /^(init|post)\.hook\.restore\.velero\.io\//.test(key))
}

function controllerOf({ metadata }: Manifest): OwnerReference | undefined {
  const owners: unknown = metadata.ownerReferences
  return Array.isArray(owners) ? (owners as OwnerReference[]).find((owner) => owner?.controller === true) : undefined
}

function whyPodsAreNeeded(item: Manifest, groupResource: GroupResource, volumes: DataFacts): string | undefined {
  const { namespace = '', name } = item.metadata
  const mayBeOfIt = (pod: string) => mayBePodOf(groupResource, name, pod)
  const backup = volumes.podVolumeBackups.find((one) => isOfPod(one, namespace, mayBeOfIt))
  if (backup !== undefined)
    return `a node agent fills the volumes of its pod ${textAt(backup, 'spec', 'pod', 'name')} while the pod is there`
  const templates = objectsAt(item, 'spec', 'volumeClaimTemplates').map((one) => textAt(one, 'metadata', 'name'))
  const ofSet = (claim: string) =>
    templates.some((template) => isNumbered(claim, `${template}-${name}-`) && groupResource === 'statefulsets.apps')
  const named = claimsIn(valueAt(item, 'spec', 'template', 'spec'))
  const claim = movedClaim(namespace, (one) => named(one) || ofSet(one), volumes)
  return claim === undefined ? undefined : `a data mover fills its claim ${claim}, and may wait for a pod that uses it`
}

/** Whether a claim is one of the volumes of a pod. */
function claimsIn(podSpec: unknown): (claim: string) => boolean {
  const names = new Set(objectsAt(podSpec, 'volumes').map((one) => textAt(one, 'persistentVolumeClaim', 'claimName')))
  return (claim) => claim !== '' && names.has(claim)
}

/** A claim of the backup that a data mover has to fill. */
function movedClaim(
  namespace: string,
  isWanted: (claim: string) => boolean,
  { infos, movedClaims }: DataFacts,
): string | undefined {
  const inInfos = Object.values(infos).find(
    ({ snapshotDataMoved, pvcNamespace, pvcName = '' }) =>
      snapshotDataMoved === true && pvcNamespace === namespace && isWanted(pvcName),
  )
  if (inInfos !== undefined) return inInfos.pvcName
  const prefix = `${namespace}/`
  const names = movedClaims.flatMap((one) => (one.startsWith(prefix) ? [one.slice(prefix.length)] : []))
  return names.find(isWanted)
}

function isOfPod(backup: Manifest, namespace: string, isWanted: (pod: string) => boolean): boolean {
  const [pod, at] = [textAt(backup, 'spec', 'pod', 'name'), textAt(backup, 'spec', 'pod', 'namespace')]
  return at === namespace && isWanted(pod)
}

/** Kubernetes cuts a name so that it has room for the five characters that it adds. */
const generatedPrefixMax = 58

/** Whether a pod may be one of a workload, by its name: rather one too many, for its data counts more than a standstill. */
function mayBePodOf(groupResource: GroupResource, workload: string, pod: string): boolean {
  if (groupResource === 'statefulsets.apps') return isNumbered(pod, `${workload}-`)
  const prefix = `${workload}-`.slice(0, generatedPrefixMax)
  if (groupResource !== 'deployments.apps') return pod.slice(0, -5) === prefix
  // `<hash of the template>-<five characters>`, or what is left of that in a name that was cut.
  const isCut = pod.length === generatedPrefixMax + 5
  return pod.startsWith(prefix) && (isCut || /^[a-z0-9]+-[a-z0-9]{5}$/.test(pod.slice(prefix.length)))
}

function isNumbered(name: string, prefix: string): boolean {
  return name.startsWith(prefix) && /^\d+$/.test(name.slice(prefix.length))
}
