import type { Wait } from '../../contract/look.ts'
import { whyNotReady } from '../../core/finalize/why-not-ready.ts'
import { error, scopeOf, warning } from '../../core/items/outcome.ts'
import type { AtZero, Message, Outcome } from '../../core/items/outcome.ts'
import { isConflict, refusalOf } from '../../core/port-errors.ts'
import { tallyInSteps } from '../../core/results/tally.ts'
import { valueAt } from '../../core/values/fields.ts'
import { firstNames } from '../../core/values/first-names.ts'
import {
  decideScale,
  giveReplicasBack,
  placeInOrder,
  scaleOrder,
  whyWithoutPods,
} from '../../core/workloads/scale-back.ts'
import { fieldManagerOf, replicasAnnotation } from '../../velero/labels.ts'
import type { Manifest } from '../../velero/manifest.ts'
import { inFlight } from '../frame/in-flight.ts'
import { inSlices } from '../frame/in-slices.ts'
import { readAll, readOutcomes } from '../frame/journal.ts'
import type { Journal } from '../frame/journal.ts'
import { pauseAfter } from '../frame/run-activity.ts'
import type { Session } from '../frame/session.ts'
import type { Cluster } from '../ports.ts'
import { groupResourceOf, idOf, isRestored } from './finalize-facts.ts'
import type { RestoredOutcome } from './finalize-facts.ts'
import { ifJournalIsThere, tellGivenUp } from './given-up.ts'
import type { GivenUp } from './given-up.ts'
import { resourceTimeout } from './task.ts'
import type { FinalizeContext, FinalizeFinding, FinalizeTask } from './task.ts'

const workloadsInFlightMax = 32
/** How often the owners of replicas are decided again because another writer came in between. */
const conflictsMax = 5
/** Between two looks, longer and longer. */
const lookSeconds = { first: 0.5, last: 15 } as const
const endedFolder = 'finalize/scale-workloads/'
/** So many workloads of a cancelled restore are named; more are counted. */
const namedMax = 20

/** Gives workloads that were created with zero replicas those of the backup: StatefulSets, then Deployments, then the others. */
export const scaleWorkloads: FinalizeTask = {
  name: 'scale-workloads',
  title: 'scale workloads back',
  work: 'workloadsAtZero',
  deadlineSeconds: resourceTimeout,
  isWanted: ({ admission }) => admission.restore.annotations?.[replicasAnnotation] === 'scale-back',
  run: scaleAll,
}

/** A workload that was created with zero replicas. */
type Held = RestoredOutcome & { atZero: AtZero }

/** A workload that needs no further step, by its uid. What earlier looks came to is journalled, so each is told of once. */
interface Ended {
  uid: string
  /** It has its replicas from this restore: its pods are waited for. */
  scaled: boolean
  messages: readonly Message[]
}

/**
 * Takes into the journal of a retry which workloads the run before has scaled back: whoever has scaled them to zero since then
 * wins. The messages of that run are not taken. Written once, so this may run again.
 */
export async function carryScaled(from: Journal, to: Journal): Promise<void> {
  const ended = (await readAll<Ended[]>(from, endedFolder)).flat()
  const scaled = ended.flatMap((one) => (one.scaled ? [{ ...one, messages: [] }] : []))
  if (scaled.length > 0) await to.writeOnce<Ended[]>(`${endedFolder}carried`, scaled)
}

async function scaleAll(context: FinalizeContext): Promise<FinalizeFinding | Wait> {
  const held = heldIn(context.facts.restored.marked)
  const ended = (await readAll<Ended[]>(context.session.journal, endedFolder)).flat()
  const known = new Set(ended.map(({ uid }) => uid))
  const fresh: Ended[] = []
  const late: Message[] = []
  for (const [place, name] of scaleOrder.entries()) {
    const ofGroup = held.filter((one) => placeInOrder(groupResourceOf(one)) === place)
    const open = ofGroup.filter(({ object }) => !known.has(object.uid))
    const steps = await inFlight(open, workloadsInFlightMax, (one) => scaleOne(one, context))
    fresh.push(...steps.flatMap((step) => ('waits' in step ? [] : [step])))
    const waits = steps.flatMap((step) => ('waits' in step ? [step.waits] : []))
    const scaled = new Set([...ended, ...fresh].flatMap((one) => (one.scaled ? [one.uid] : [])))
    const awaited = ofGroup.filter(({ object }) => scaled.has(object.uid))
    const unready = await inFlight(awaited, workloadsInFlightMax, (one) => lookAt(one, place, context))
    waits.push(...unready.flatMap(({ one, why }) => (why === '' ? [] : [`${idOf(one)}, ${why}`])))
    if (waits.length > 0 && !context.isOver()) {
      if (fresh.length > 0) await context.session.journal.write(`${endedFolder}${context.attempt.id}`, fresh)
      const waitingFor = `${name} to be scaled back: ${firstNames(waits, 1)}`
      return { waitingFor, afterSeconds: pauseAfter(context.attempt.number, lookSeconds) }
    }
    late.push(...unready.flatMap(({ one, why }) => (why === '' ? [] : [inTime(one, why)])))
  }
  // A retry must know them: what a user scales to zero after this stays there.
  if (fresh.length > 0) await context.session.journal.write(`${endedFolder}${context.attempt.id}`, fresh)
  const messages = [...[...ended, ...fresh].flatMap((one) => one.messages), ...late]
  return { messages: messages.sort((a, b) => (a.text < b.text ? -1 : 1)) }
}

/** In the order of their ids, so that each look goes through them in the same way. */
function heldIn(outcomes: Iterable<Outcome>): Held[] {
  const isHeld = (one: Outcome): one is Held => one.atZero !== undefined && one.action === 'created' && isRestored(one)
  const held: Held[] = []
  for (const one of outcomes) if (isHeld(one)) held.push(one)
  return held.sort((a, b) => (idOf(a) < idOf(b) ? -1 : 1))
}

function inTime(one: Held, why: string): Message {
  return warning(scopeOf(one.object.namespace), `${idOf(one)} was scaled back, and was not ready in time: ${why}`)
}

async function scaleOne(one: Held, context: FinalizeContext): Promise<Ended | { waits: string }> {
  const { uid, namespace } = one.object
  const { cluster } = context.ports
  const end = (scaled: boolean, ...messages: Message[]): Ended => ({ uid, scaled, messages })
  context.attempt.throwIfStopped()
  try {
    const live = await cluster.get(one.object)
    const step = decideScale({ ...one.atZero, live, uid, ...standing(one, live, context) })
    if (step.do === 'leave') return end(false, warning(scopeOf(namespace), `${idOf(one)} ${step.because}`))
    if (step.do === 'scale') {
      const fieldManager = fieldManagerOf(context.session.ref.uid)
      const after = await cluster.patch(one.object, step.patch, { fieldManager, answer: 'identity' })
      await giveOwnersBack(one, { before: live, after }, context)
    }
    return end(step.do !== 'pass')
  } catch (thrown) {
    if (isConflict(thrown) && !context.isOver()) return { waits: `${idOf(one)}, which others change` }
    const text = `${idOf(one)} could not be scaled back to ${one.atZero.replicas} replicas: ${refusalOf(thrown).message}`
    return end(false, error(scopeOf(namespace), text))
  }
}

/**
 * Whoever owned the number of replicas owns it again. If it stayed ours, the next server-side apply of another number would be a
 * conflict with a restore that is over. Each patch is of the very object that was seen, for its controller writes it at the same
 * time: old owners never take the place of newer ones. An attempt that is lost before this leaves it so, which costs a
 * `--force-conflicts`.
 */
async function giveOwnersBack(
  { object }: Held,
  { before, after }: Scaled,
  { session, ports, attempt }: FinalizeContext,
) {
  const old = before?.metadata.managedFields ?? []
  if (old.length === 0) return
  const { cluster, log } = ports
  const fieldManager = fieldManagerOf(session.ref.uid)
  let { resourceVersion } = after.metadata
  let managedFields: ReturnType<typeof giveReplicasBack> = old
  for (let tries = 1; managedFields !== undefined; tries++) {
    attempt.throwIfStopped()
    const patch = { metadata: { uid: object.uid, resourceVersion, managedFields } }
    try {
      await cluster.patch(object, patch, { fieldManager, answer: 'identity' })
      return
    } catch (thrown) {
      const { message } = refusalOf(thrown)
      if (!isConflict(thrown) || tries === conflictsMax) {
        log.warn(`the owners of the replicas of ${object.resource} ${object.name} are not as before: ${message}`)
        return
      }
    }
    const live = await readIfShown({ object }, cluster)
    if (live?.metadata.uid !== object.uid) return
    resourceVersion = live.metadata.resourceVersion
    managedFields = giveReplicasBack(live.metadata.managedFields ?? [], old, fieldManager)
  }
}

/** A workload before and after it was scaled. */
interface Scaled {
  before: Manifest | undefined
  after: Manifest
}

/** Whether its controller scales a workload, and whether an earlier run may have scaled it. */
function standing({ object, atZero }: Held, live: Manifest | undefined, { facts, session }: FinalizeContext) {
  const [kind, name = ''] = (atZero.controller ?? '').split(' ')
  const isRestoredToo =
    kind === 'Deployment' && facts.restored.get(`deployments.apps/${object.namespace}/${name}`) !== undefined
  const isAdopted = (live?.metadata.ownerReferences ?? []).some(({ controller }) => controller === true)
  const isControlled = object.resource === 'replicasets' && (isRestoredToo || isAdopted)
  return { isControlled, isRetry: session.admission.restore.run !== undefined }
}

/** StatefulSets are to be ready; of the others the pods are to be there, for tasks that follow look for them. */
async function lookAt(one: Held, place: number, { ports }: FinalizeContext): Promise<{ one: Held; why: string }> {
  const live = await readIfShown(one, ports.cluster)
  if (live === undefined || live.metadata.uid !== one.object.uid) return { one, why: '' }
  const ready = place === 0 ? whyNotReady.get(groupResourceOf(one)) : whyWithoutPods
  return { one, why: ready?.(live) ?? '' }
}

async function readIfShown({ object }: Pick<Held, 'object'>, cluster: Cluster): Promise<Manifest | undefined> {
  try {
    return await cluster.get(object)
  } catch (thrown) {
    refusalOf(thrown)
    return undefined
  }
}

/**
 * Says in the results of a restore that was cancelled or has failed which workloads stand at zero replicas, though they were to
 * be scaled back. A retry scales them.
 */
export async function tellAtZero({ ref, ports, sessions, attempt }: GivenUp): Promise<void> {
  await ifJournalIsThere(ports.log, 'nobody is told which workloads stand at zero replicas', async () =>
    tellOf(await sessions.open(ref), { ports, attempt }),
  )
}

async function tellOf(
  { journal, admission }: Session,
  { ports, attempt }: Pick<GivenUp, 'ports' | 'attempt'>,
): Promise<void> {
  if (admission.restore.annotations?.[replicasAnnotation] !== 'scale-back') return
  const name = scaleWorkloads.name
  const [result] = await journal.list(`outcomes/finalize/${name}/`)
  if (result !== undefined) return
  const ended = (await readAll<Ended[]>(journal, endedFolder)).flat()
  const scaled = new Set(ended.flatMap((one) => (one.scaled ? [one.uid] : [])))
  const tally = await inSlices(tallyInSteps(await readOutcomes(journal, '')), attempt.signal)
  const held = heldIn(tally.values()).filter(({ object }) => !scaled.has(object.uid))
  const seen = await inFlight(held, workloadsInFlightMax, async (one) => {
    attempt.throwIfStopped()
    const live = await readIfShown(one, ports.cluster)
    return live?.metadata.uid === one.object.uid && valueAt(live, 'spec', 'replicas') === 0 ? [one] : []
  })
  const still = seen.flat()
  if (still.length === 0) return
  const messages = still.slice(0, namedMax).map((one) => {
    const text = `${idOf(one)} stands at zero replicas, and has ${one.atZero.replicas} in the backup: \`drydock retry\` scales it back`
    return warning(scopeOf(one.object.namespace), text)
  })
  const more = still.length - namedMax
  if (more > 0) messages.push(warning('velero', `${more} more workloads stand at zero replicas`))
  await tellGivenUp({ task: name, messages }, journal, ports.clock)
}
