import { compareWritten } from '../../core/finalize/compare-written.ts'
import { whyNotReady } from '../../core/finalize/why-not-ready.ts'
import { itemKey, scopeOf, warning } from '../../core/items/outcome.ts'
import type { Message } from '../../core/items/outcome.ts'
import { withoutReplicas } from '../../core/items/zero-replicas.ts'
import { ApiError, refusalOf } from '../../core/port-errors.ts'
import { prepareItem } from '../../core/items/prepare-item.ts'
import { parseJson } from '../../core/values/manifest-json.ts'
import { sortInSteps } from '../../core/values/slices.ts'
import type { Plan, PlannedItem } from '../../core/plan/plan.ts'
import { validateAnnotation } from '../../velero/labels.ts'
import type { Manifest } from '../../velero/manifest.ts'
import type { GroupResource } from '../../velero/resource.ts'
import { askedBy, resourceTimeout } from './task.ts'
import type { FinalizeContext, FinalizeTask } from './task.ts'
import { inFlight } from '../frame/in-flight.ts'
import { inSlices } from '../frame/in-slices.ts'
import { pauseAfter } from '../frame/run-activity.ts'
import type { PlannedSession } from '../frame/session.ts'
import { makeItemTools } from '../items/item-tools.ts'
import type { ItemTools } from '../items/item-tools.ts'
import { groupResourceOf, idOf } from './finalize-facts.ts'
import type { RestoredOutcome } from './finalize-facts.ts'

const objectsInFlightMax = 32
/** Fields of one object that are named; more are counted. */
const fieldsMax = 5
const lookSeconds = { first: 0.5, last: 15 } as const
/** What the first look has compared; later looks compare nothing. */
const differencesShard = 'finalize/validate/differences'

/**
 * Looks at each restored object once more: whether it is still there, whether it is as it was written but for fields of
 * the server and of controllers, and whether workloads get ready and claims get bound in time. Findings are warnings that
 * name object and field, never a value.
 */
export const validate: FinalizeTask = {
  name: 'validate',
  title: 'look at the restored objects once more',
  deadlineSeconds: resourceTimeout,
  isWanted: askedBy(validateAnnotation, 'validate'),
  async run(context) {
    const all = context.facts.restored.values()
    const restored = await inSlices(sortInSteps(all, (a, b) => (a.key < b.key ? -1 : 1)))
    const { journal } = context.session
    const differences =
      (await journal.read<Message[]>(differencesShard)) ??
      (await journal.writeOnce(differencesShard, await compareAll(restored, context)))
    const unready = await lookForUnready(restored, context)
    const [first] = unready
    if (first === undefined || context.isOver())
      return {
        messages: [...differences, ...unready.map(({ outcome, why }) => finding(outcome, `is not ready: ${why}`))],
      }
    const more = unready.length > 1 ? `, and ${unready.length - 1} more objects` : ''
    const waitingFor = `${idOf(first.outcome)}, which is not ready (${first.why})${more}`
    return { waitingFor, afterSeconds: pauseAfter(context.attempt.number, lookSeconds) }
  },
}

function compareAll(restored: readonly RestoredOutcome[], context: FinalizeContext): Promise<Message[]> {
  return context.sessions.withPlan(context.session.ref, context.attempt.signal, (session) =>
    compareWith(session, restored, context),
  )
}

async function compareWith(
  session: PlannedSession,
  restored: readonly RestoredOutcome[],
  context: FinalizeContext,
): Promise<Message[]> {
  const tools = makeItemTools(session, context.attempt, context)
  const planned = plannedItems(session.plan)
  let done = 0
  const found = await inFlight(restored, objectsInFlightMax, async (outcome) => {
    context.attempt.throwIfStopped()
    const live = await readObject(outcome, context)
    context.attempt.done(++done)
    if (live instanceof ApiError) return [finding(outcome, `cannot be read: ${live.message}`)]
    return differencesOf(outcome, live, await writtenOf(outcome, planned, tools))
  })
  return found.flat()
}

/** The object as it stands now, undefined where it is gone, or the refusal to show it. */
async function readObject(
  outcome: RestoredOutcome,
  { ports }: FinalizeContext,
): Promise<Manifest | ApiError | undefined> {
  try {
    return await ports.cluster.get(outcome.object)
  } catch (thrown) {
    return refusalOf(thrown)
  }
}

function finding(outcome: RestoredOutcome, text: string): Message {
  return warning(scopeOf(outcome.object.namespace), `validation: ${idOf(outcome)} ${text}`)
}

function plannedItems(plan: Plan): ReadonlyMap<string, { groupResource: GroupResource; item: PlannedItem }> {
  const found = new Map<string, { groupResource: GroupResource; item: PlannedItem }>()
  for (const { groupResource, chunks } of plan.waves) {
    for (const { items } of chunks) {
      for (const item of items) {
        const namespace = item.namespace === undefined ? {} : { namespace: item.namespace }
        found.set(itemKey({ groupResource, ...namespace, name: item.name }), { groupResource, item })
      }
    }
  }
  return found
}

/** What was posted; undefined for an object that stood there before and was only changed. */
async function writtenOf(
  outcome: RestoredOutcome,
  planned: ReturnType<typeof plannedItems>,
  tools: ItemTools,
): Promise<Manifest | undefined> {
  const place = planned.get(outcome.key)
  if (outcome.action !== 'created' || place === undefined || place.groupResource === 'namespaces') return undefined
  const item = parseJson(await tools.readItem(place.groupResource, place.item)) as Manifest
  const input = { item, groupResource: place.groupResource, targetNamespace: place.item.target }
  const prepared = prepareItem(input, tools.rules)
  if (prepared.do !== 'write') return undefined
  return prepared.atZero === undefined ? prepared.object : withoutReplicas(prepared.object)
}

function differencesOf(outcome: RestoredOutcome, live: Manifest | undefined, written: Manifest | undefined): Message[] {
  const say = (text: string) => finding(outcome, text)
  if (live === undefined) return [say('is gone')]
  if (live.metadata.uid !== outcome.object.uid) return [say('is another object than the one that was restored')]
  if (written === undefined) return []
  const fields = compareWritten(written, live, { groupResource: groupResourceOf(outcome), writtenAt: outcome.at })
  const more = fields.length > fieldsMax ? [say(`differs in ${fields.length - fieldsMax} more fields`)] : []
  return [...fields.slice(0, fieldsMax).map((field) => say(`differs from what was restored in ${field}`)), ...more]
}

/** The workloads that are not ready and the claims that are not bound now. */
async function lookForUnready(restored: readonly RestoredOutcome[], context: FinalizeContext): Promise<Unready[]> {
  const seen = await inFlight(restored, objectsInFlightMax, (outcome) => lookAt(outcome, context))
  return seen.filter(({ why }) => why !== '')
}

interface Unready {
  outcome: RestoredOutcome
  why: string
}

/** Why an object is not ready yet; empty where it is, where its kind has no such state, or where nothing can be seen. */
async function lookAt(outcome: RestoredOutcome, context: FinalizeContext): Promise<Unready> {
  const groupResource = groupResourceOf(outcome)
  if (!whyNotReady.has(groupResource)) return { outcome, why: '' }
  const live = await readObject(outcome, context)
  if (live === undefined || live instanceof ApiError || live.metadata.uid !== outcome.object.uid)
    return { outcome, why: '' }
  return { outcome, why: whyNotReady.get(groupResource)?.(live) ?? '' }
}
