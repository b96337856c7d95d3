import { textAt, valueAt } from '../../core/values/fields.ts'
import type { Manifest } from '../../velero/manifest.ts'
import { parseApiVersion } from '../../velero/resource.ts'
import type { ObjectRef } from '../../velero/resource.ts'
import type { World } from './world.ts'

/** What a controller does about an object some time after it sees it. */
interface Step {
  afterMs: number
  /** Undefined where it has nothing to do. */
  act: (object: Manifest, ref: ObjectRef, world: World) => void
}

/**
 * Kubernetes' and Velero's controllers, as far as restores wait for them: pods come up, claims get volumes, repositories
 * get ready, node agents do their orders, namespaces that are deleted go away. Each looks at the objects that stand
 * there, and at each change from then on.
 */
export function startControllers(world: World, kinds: readonly (keyof typeof controllers)[] = allKinds): void {
  const see = (object: Manifest | undefined, ref: ObjectRef): void => {
    if (object === undefined) return
    const kind = kinds.find((one) => one === object.kind)
    const step = kind === undefined ? undefined : controllers[kind](object)
    if (step === undefined) return
    world.clock.later(step.afterMs, () => {
      const live = world.cluster.look(ref)
      if (live !== undefined && live.metadata.uid === object.metadata.uid) step.act(live, ref, world)
    })
  }
  for (const object of world.cluster.objects()) see(object, refOf(object, world))
  world.cluster.onChange(see)
}

/** Ends objects that wait for the garbage collector alone, as it does once what they own is gone. */
export function startGarbageCollector({ cluster, clock }: World, afterMs = 400): void {
  cluster.onChange((object, ref) => {
    if (object?.metadata.deletionTimestamp === undefined) return
    if (object.metadata.finalizers?.join() !== 'foregroundDeletion') return
    clock.later(afterMs, () => {
      if (cluster.look(ref)?.metadata.uid === object.metadata.uid) cluster.drop(ref)
    })
  })
}

const phaseOf = (object: Manifest) => textAt(object, 'status', 'phase')

/** What each controller does next about an object of its kind; undefined where there is nothing to do. */
const controllers = {
  Pod: (pod: Manifest): Step | undefined =>
    phaseOf(pod) === 'Pending'
      ? { afterMs: 1_000, act: (live, ref, { cluster }) => cluster.amend(ref, { status: running(live) }) }
      : undefined,
  PersistentVolumeClaim: (claim: Manifest): Step | undefined =>
    phaseOf(claim) === 'Pending' ? { afterMs: 1_000, act: bind } : undefined,
  BackupRepository: (repository: Manifest): Step | undefined =>
    phaseOf(repository) === ''
      ? { afterMs: 500, act: (_live, ref, { cluster }) => cluster.amend(ref, { status: { phase: 'Ready' } }) }
      : undefined,
  PodVolumeRestore: order,
  DataDownload: order,
  Namespace: (namespace: Manifest): Step | undefined =>
    namespace.metadata.deletionTimestamp === undefined
      ? undefined
      : { afterMs: 3_000, act: (_live, ref, { cluster }) => cluster.drop(ref) },
}

const allKinds = Object.keys(controllers) as (keyof typeof controllers)[]

function running(pod: Manifest): object {
  const containers = (valueAt(pod, 'spec', 'containers') ?? []) as { name: string }[]
  const containerStatuses = containers.map(({ name }) => ({ name, ready: true, state: { running: {} } }))
  return { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }], containerStatuses }
}

/** Provisions a volume for a claim, and binds the two. */
function bind(claim: Manifest, ref: ObjectRef, { cluster }: World): void {
  if (phaseOf(claim) !== 'Pending') return
  const { name, namespace, uid } = claim.metadata
  const volumeName = textAt(claim, 'spec', 'volumeName') || `pvc-${uid}`
  const at = { group: '', version: 'v1', resource: 'persistentvolumes', name: volumeName }
  if (cluster.look(at) === undefined)
    cluster.place({
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: { name: volumeName },
      spec: {
        claimRef: { kind: 'PersistentVolumeClaim', namespace, name, uid },
        persistentVolumeReclaimPolicy: 'Delete',
      },
    })
  cluster.amend(at, { status: { phase: 'Bound' } })
  cluster.amend(ref, { spec: { ...(claim['spec'] as object), volumeName }, status: { phase: 'Bound' } })
}

/** A node agent takes up an order, and ends it two seconds later, as Canceled where somebody has asked for that. */
function order(found: Manifest): Step | undefined {
  const phase = phaseOf(found)
  if (['Completed', 'Failed', 'Canceled'].includes(phase)) return undefined
  if (phase === '') {
    const status = { phase: 'InProgress', progress: { totalBytes: 7, bytesDone: 3 } }
    return { afterMs: 500, act: (live, ref, { cluster }) => phaseOf(live) === '' && cluster.amend(ref, { status }) }
  }
  const act: Step['act'] = (live, ref, { cluster }) => {
    if (phaseOf(live) !== 'InProgress') return
    const ended = valueAt(live, 'spec', 'cancel') === true ? 'Canceled' : 'Completed'
    cluster.amend(ref, { status: { phase: ended, progress: { totalBytes: 7, bytesDone: 7 } } })
  }
  return { afterMs: 2_000, act }
}

function refOf({ apiVersion, kind, metadata }: Manifest, { cluster }: World): ObjectRef {
  const { group, version } = parseApiVersion(apiVersion)
  const { resource = '' } = cluster.state().kinds.find((one) => one.group === group && one.kind === kind) ?? {}
  const { namespace, name } = metadata
  return { group, version, resource, ...(namespace === undefined ? {} : { namespace }), name }
}
