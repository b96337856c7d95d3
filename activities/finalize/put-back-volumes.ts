import { isInPlace } from '../../core/actions/data-mover.ts'
import { error } from '../../core/items/outcome.ts'
import type { Message } from '../../core/items/outcome.ts'
import { isAlreadyExists, isConflict, refusalOf } from '../../core/port-errors.ts'
import { isPreview } from '../../core/preview/verdict.ts'
import { decidePutBack } from '../../core/volumes/in-place.ts'
import type { ClaimInPlace, PutBack } from '../../core/volumes/in-place.ts'
import { fieldManagerOf } from '../../velero/labels.ts'
import { rfc3339 } from '../../velero/manifest.ts'
import { actingFor } from '../frame/acting-as.ts'
import { withShards } from '../frame/journal.ts'
import type { Journal } from '../frame/journal.ts'
import { readRestore } from '../frame/restore-resource.ts'
import { pauseAfter } from '../frame/run-activity.ts'
import type { WorkerParts } from '../frame/session.ts'
import type { Ports } from '../ports.ts'
import { notePutBack, notesLeft } from '../volumes/in-place-notes.ts'
import { ifJournalIsThere, tellGivenUp } from './given-up.ts'
import type { GivenUp } from './given-up.ts'
import { resourceTimeout } from './task.ts'
import type { FinalizeContext, FinalizeTask } from './task.ts'

const claims = { group: '', version: 'v1', resource: 'persistentvolumeclaims' }
const volumes = { group: '', version: 'v1', resource: 'persistentvolumes' }
/** Between two looks, longer and longer. */
const lookSeconds = { first: 0.5, last: 15 } as const
/** A claim that is away needs three: it is created, its volume is freed for it, and the two are bound. */
const stepsMax = 3
/** How often a cancelled restore looks, once a second: the controller of volumes binds within that time. */
const looksAtOnce = 5

/**
 * Gives volumes back their reclaim policy, and their claims, after data was written into them in place. In Velero they keep
 * the policy Retain, or get that of the backup.
 */
export const putBackVolumes: FinalizeTask = {
  name: 'put-back-volumes',
  title: 'give volumes that were filled in place their claim and reclaim policy back',
  deadlineSeconds: resourceTimeout,
  isWanted: ({ admission: { restore, spec } }) => restore.api === 'next' && isInPlace(spec),
  async run(context) {
    const { session, ports, attempt } = context
    const filled = filledClaims(context)
    const isFilled = ({ claim: { metadata } }: ClaimInPlace) =>
      filled.has(`${metadata.namespace ?? ''}/${metadata.name}`)
    const look = { uid: session.ref.uid, ports, isFilled, isOver: context.isOver() }
    const { messages, waits } = await lookAtVolumes(session.journal, look)
    const [first] = waits
    if (first === undefined) return { messages }
    const waitingFor = `${first}${waits.length > 1 ? ` and ${waits.length - 1} more volumes` : ''}`
    return { waitingFor, afterSeconds: pauseAfter(attempt.number, lookSeconds) }
  },
}

/**
 * The same for a restore that was cancelled or has failed, within seconds of the cluster's answers. What cannot be put back is an error in its
 * results, which names the volume. Where the journal cannot be read the log says so. A plan has taken no claim away.
 */
export async function putBackAtOnce({
  ref,
  ports,
  settings,
  sessions,
  attempt,
}: GivenUp & Pick<WorkerParts, 'settings'>): Promise<void> {
  await ifJournalIsThere(ports.log, 'volumes that were to be filled in place are not looked after', async () => {
    const { journal, admission } = await sessions.open(ref)
    if (isPreview(admission)) return
    const live = await readRestore(ports.cluster, ref)
    const acting = actingFor(ports, settings, { admission, live })
    for (let looks = 1; ; looks++) {
      const isOver = looks >= looksAtOnce
      const look = { uid: ref.uid, ports: acting, isFilled: () => false, isOver }
      const { messages, waits } = await lookAtVolumes(journal, look)
      if (waits.length === 0) {
        if (messages.length > 0) await tellGivenUp({ task: putBackVolumes.name, messages }, journal, ports.clock)
        return
      }
      await ports.clock.sleep(1000, attempt.signal)
    }
  })
}

/** The claims that the data mover has filled. */
function filledClaims({ facts: { operations } }: FinalizeContext): ReadonlySet<string> {
  const done = operations.filter(
    ({ spec, status }) => spec.restoreItemAction === 'velero.io/csi-pvc-restorer' && status.phase === 'Completed',
  )
  return new Set(done.map(({ spec: { resourceIdentifier: id } }) => `${id.Namespace}/${id.Name}`))
}

/** One look at all volumes, several side by side. */
interface Look {
  /** The uid of the Restore. */
  uid: string
  ports: Pick<Ports, 'cluster' | 'clock'>
  isFilled: (note: ClaimInPlace) => boolean
  isOver: boolean
}

async function lookAtVolumes(journal: Journal, look: Look): Promise<{ messages: Message[]; waits: string[] }> {
  const messages: Message[] = []
  const waits: string[] = []
  // One that fails keeps no other one away, and none is under way when the first failure is thrown.
  const ends = await withShards(await notesLeft(journal), (note) =>
    lookAtOne(note, journal, look).then(
      (step) => ({ note, step }),
      (thrown: unknown) => ({ thrown }),
    ),
  )
  for (const end of ends) {
    if ('thrown' in end) throw end.thrown
    const { note, step } = end
    if (step.do === 'wait') waits.push(step.because)
    if (step.do === 'keep') messages.push(error(`namespace:${note.claim.metadata.namespace ?? ''}`, step.problem))
  }
  return { messages, waits }
}

async function lookAtOne(note: ClaimInPlace, journal: Journal, look: Look): Promise<PutBack> {
  const step = await putBack(note, look)
  if (step.do === 'leave') await notePutBack(journal, note, rfc3339(look.ports.clock.now()))
  return step
}

/** Takes the steps about one claim that can be taken now. */
async function putBack(note: ClaimInPlace, look: Look): Promise<PutBack> {
  const { name, namespace = '' } = note.claim.metadata
  const { cluster } = look.ports
  for (let steps = 0; steps < stepsMax; steps++) {
    // In this order: where another restore has deleted the claim, its volume says so by then.
    const claim = await cluster.get({ ...claims, namespace, name })
    const volume = await cluster.get({ ...volumes, name: note.volume.name })
    const { uid, isOver } = look
    const step = decidePutBack({ uid, note, claim, volume, isFilled: look.isFilled(note), isOver })
    if (step.do !== 'create' && step.do !== 'patch') return step
    const refusal = await take(step, note, look)
    if (refusal !== undefined) return { do: 'keep', problem: `PVC ${namespace}/${name} is not put back: ${refusal}` }
  }
  return { do: 'wait', because: `PVC ${namespace}/${name} to be bound` }
}

/** Takes a step; where it is refused, returns why. Another writer is no refusal: the next look decides again. */
async function take(
  step: Extract<PutBack, { do: 'create' | 'patch' }>,
  { claim, volume }: ClaimInPlace,
  { uid, ports: { cluster } }: Look,
): Promise<string | undefined> {
  const options = { fieldManager: fieldManagerOf(uid) }
  try {
    if (step.do === 'create') await cluster.create(claims, claim.metadata.namespace, claim, options)
    else await cluster.patch({ ...volumes, name: volume.name }, step.patch, options)
    return undefined
  } catch (thrown) {
    if (isAlreadyExists(thrown) || isConflict(thrown)) return undefined
    return `${refusalOf(thrown).message}. Its data is in PV ${volume.name}`
  }
}
