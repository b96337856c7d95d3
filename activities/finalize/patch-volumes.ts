import type { Wait } from '../../contract/look.ts'
import { askedBy } from '../../core/asked/annotations.ts'
import { decideVolumePatch, usesClaim } from '../../core/finalize/decide-volume-patch.ts'
import type { VolumePatchFacts, VolumeStep } from '../../core/finalize/decide-volume-patch.ts'
import { textAt } from '../../core/values/fields.ts'
import { isConflict, refusalOf } from '../../core/port-errors.ts'
import { error, itemKey, warning } from '../../core/items/outcome.ts'
import type { Message } from '../../core/items/outcome.ts'
import { fieldManagerOf } from '../../velero/labels.ts'
import type { Manifest } from '../../velero/manifest.ts'
import type { BackupVolumeInfo } from '../../velero/volume-info.ts'
import { resourceTimeout } from './task.ts'
import type { FinalizeContext, FinalizeFinding, FinalizeTask } from './task.ts'
import { inFlight } from '../frame/in-flight.ts'
import { readAll } from '../frame/journal.ts'
import { pauseAfter } from '../frame/run-activity.ts'
import { listIfServed } from '../frame/served-kinds.ts'

/** A claim that this restore created and that gets a new volume. */
interface NewVolume {
  info: BackupVolumeInfo
  claim: { namespace: string; name: string; uid: string }
}

/** Claims that are looked at side by side. */
const claimsInFlightMax = 32
/** Between two looks, longer and longer. */
const lookSeconds = { first: 0.5, last: 15 } as const
const endedFolder = 'finalize/patch-volumes/'

const claims = { group: '', version: 'v1', resource: 'persistentvolumeclaims' }
const volumes = { group: '', version: 'v1', resource: 'persistentvolumes' }
const pods = { group: '', version: 'v1', resource: 'pods' }
const classes = { group: 'storage.k8s.io', version: 'v1', resource: 'storageclasses' }

/** Gives volumes that were provisioned anew the reclaim policy and the labels of the volumes in the backup. */
export const patchVolumes: FinalizeTask = {
  name: 'patch-volumes',
  title: 'give new volumes their reclaim policy and labels',
  work: 'newVolumes',
  deadlineSeconds: resourceTimeout,
  run: patchAll,
}

/**
 * Looks at all claims that are not done yet: one that never binds delays no other. What a claim came to is journalled, so a
 * later look leaves it out and each is reported once.
 */
async function patchAll(context: FinalizeContext): Promise<FinalizeFinding | Wait> {
  const { session, attempt } = context
  const wanted = newVolumes(context)
  if (wanted.length === 0) return { messages: [] }
  const ended = (await readAll<EndedClaim[]>(session.journal, endedFolder)).flat()
  const done = new Set(ended.map(({ uid }) => uid))
  const open = wanted.filter(({ claim }) => !done.has(claim.uid))
  const look = createLook(context)
  const steps = await inFlight(open, claimsInFlightMax, async (one) => {
    attempt.throwIfStopped()
    return { one, step: await takeStep(one, context, look) }
  })
  const waits = steps.flatMap(({ step }) => (step.do === 'wait' ? [step.because] : []))
  const fresh = steps.flatMap(({ one, step }) =>
    step.do === 'wait' ? [] : [{ uid: one.claim.uid, messages: messageOf(one, step) }],
  )
  const [first] = waits
  if (first === undefined) {
    const messages = [...ended, ...fresh].flatMap((one) => one.messages)
    return { messages: messages.sort((a, b) => (a.text < b.text ? -1 : 1)) }
  }
  if (fresh.length > 0) await session.journal.write(`${endedFolder}${attempt.id}`, fresh)
  const waitingFor = `${first}${waits.length > 1 ? ` and ${waits.length - 1} more claims` : ''}`
  return { waitingFor, afterSeconds: pauseAfter(attempt.number, lookSeconds) }
}

/** A claim that needs no further look, by its uid. */
interface EndedClaim {
  uid: string
  messages: readonly Message[]
}

/** The claims to see to: created by this restore, provisioned anew, their data not on the way any more. */
function newVolumes({ facts, session }: FinalizeContext): NewVolume[] {
  const mapping = session.admission.spec.namespaceMapping ?? {}
  return facts.volumes.flatMap((info) => {
    const isNew = info.backupMethod === 'PodVolumeBackup' || info.backupMethod === 'CSISnapshot'
    const source = info.pvcNamespace ?? ''
    if (!isNew || info.pvInfo === undefined || info.pvInfo === null) return []
    const namespace = Object.hasOwn(mapping, source) ? (mapping[source] ?? source) : source
    const name = info.pvcName ?? ''
    const outcome = facts.restored.get(`persistentvolumeclaims/${namespace}/${name}`)
    // Of two claims that are mapped onto one place, the volume is that of the one that was restored.
    const isOfClaim = outcome?.key === itemKey({ groupResource: 'persistentvolumeclaims', namespace: source, name })
    if (outcome?.action !== 'created' || !isOfClaim || isUnfinished(facts.operations, namespace, name)) return []
    return [{ info, claim: { namespace, name, uid: outcome.object.uid } }]
  })
}

/** Whether the data mover did not come to its end: the volume is nothing to look after then. */
function isUnfinished(operations: FinalizeContext['facts']['operations'], namespace: string, name: string): boolean {
  return operations.some(({ spec, status }) => {
    const id = spec.resourceIdentifier
    const isOfClaim = id.Group === '' && id.Resource === 'persistentvolumeclaims' && id.Namespace === namespace
    const isMover = spec.restoreItemAction === 'velero.io/csi-pvc-restorer'
    return isOfClaim && id.Name === name && isMover && status.phase !== 'Completed'
  })
}

/** What one turn reads once for all claims. */
interface Look {
  isolated: boolean
  storageClass(name: string): Promise<Manifest | undefined>
  podsIn(namespace: string): Promise<Manifest[]>
}

function createLook({ ports, session }: FinalizeContext): Look {
  const found = new Map<string, Promise<unknown>>()
  const once = <T>(key: string, read: () => Promise<T>): Promise<T> => {
    const reading = (found.get(key) as Promise<T> | undefined) ?? read()
    found.set(key, reading)
    return reading
  }
  return {
    isolated: askedBy(session.admission.restore.annotations).isolate === true,
    storageClass: (name) => once(`class/${name}`, () => ports.cluster.get({ ...classes, name })),
    podsIn: (namespace) => once(`pods/${namespace}`, () => listIfServed(ports.cluster, pods, { namespace })),
  }
}

async function takeStep(one: NewVolume, context: FinalizeContext, look: Look): Promise<VolumeStep> {
  const { cluster } = context.ports
  try {
    const sight = await see(one, context, look)
    const step = decideVolumePatch({ ...sight, isOver: context.isOver() })
    if (step.do !== 'patch') return step
    const name = textAt(sight.live, 'spec', 'volumeName')
    await cluster.patch({ ...volumes, name }, step.patch, {
      fieldManager: fieldManagerOf(context.session.ref.uid),
    })
    return { do: 'leave' }
  } catch (thrown) {
    if (isConflict(thrown)) return { do: 'wait', because: `volume of claim ${one.claim.name}, which others change` }
    return { do: 'fail', problem: refusalOf(thrown).message }
  }
}

async function see(
  { info, claim }: NewVolume,
  { ports }: FinalizeContext,
  look: Look,
): Promise<Omit<VolumePatchFacts, 'isOver'>> {
  const live = await ports.cluster.get({ ...claims, namespace: claim.namespace, name: claim.name })
  const isPending = live !== undefined && textAt(live, 'status', 'phase') !== 'Bound'
  const className = textAt(live, 'spec', 'storageClassName')
  const volumeName = textAt(live, 'spec', 'volumeName')
  const storageClass = isPending && className !== '' ? await look.storageClass(className) : undefined
  const waitsForPod = textAt(storageClass, 'volumeBindingMode') === 'WaitForFirstConsumer'
  return {
    info,
    claim,
    live,
    storageClass,
    volume: isPending || volumeName === '' ? undefined : await ports.cluster.get({ ...volumes, name: volumeName }),
    isolated: look.isolated,
    hasConsumer: waitsForPod && (await look.podsIn(claim.namespace)).some((pod) => usesClaim(pod, claim.name)),
  }
}

function messageOf({ info, claim }: NewVolume, step: VolumeStep): Message[] {
  switch (step.do) {
    case 'patch':
    case 'wait':
    case 'leave':
      return []
    case 'fail': {
      const text = `fail to patch dynamic PV, err: ${step.problem}, PVC: ${claim.name}, PV: ${info.pvName ?? ''}`
      return [error(`namespace:${claim.namespace}`, text)]
    }
    case 'warn':
      return [warning(`namespace:${claim.namespace}`, step.problem)]
  }
}
