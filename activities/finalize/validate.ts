import pLimit from 'p-limit'
import { compareWritten } from '../../core/finalize/compare-written.ts'
import { whyNotReady } from '../../core/finalize/why-not-ready.ts'
import { itemKey, scopeOf, warning } from '../../core/items/outcome.ts'
import type { Message } from '../../core/items/outcome.ts'
import { ApiError, refusalOf } from '../../core/port-errors.ts'
import { prepareItem } from '../../core/items/prepare-item.ts'
import { parseJson } from '../../core/values/manifest-json.ts'
import type { Plan, PlannedItem } from '../../core/plan/plan.ts'
import { validateAnnotation } from '../../velero/labels.ts'
import type { Manifest } from '../../velero/manifest.ts'
import type { GroupResource } from '../../velero/resource.ts'
import { askedBy, resourceTimeout } from './task.ts'
import type { FinalizeContext, FinalizeTask } from './task.ts'
import type { PlannedSession } from '../frame/session.ts'
import { makeItemTools } from '../items/item-tools.ts'
import type { ItemTools } from '../items/item-tools.ts'
import { groupResourceOf, idOf } from './finalize-facts.ts'
import type { RestoredOutcome } from './finalize-facts.ts'

const objectsInFlightMax = 32
/** Fields of one object that are named; more are counted. */
const fieldsMax = 5
const lookMs = { first: 500, last: 5_000 } as const

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
    const restored = [...context.facts.restored.values()].sort((a, b) => (a.key < b.key ? -1 : 1))
    const differences = await compareAll(restored, context)
    const unready = await awaitReadiness(restored, context)
    return { messages: [...differences, ...unready] }
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
  const gate = pLimit(objectsInFlightMax)
  let done = 0
  const found = await Promise.all(
    restored.map((outcome) =>
      gate(async () => {
        context.attempt.throwIfStopped()
        const live = await readObject(outcome, context)
        context.attempt.done(++done)
        if (live instanceof ApiError) return [finding(outcome, `cannot be read: ${live.message}`)]
        return differencesOf(outcome, live, await writtenOf(outcome, planned, tools))
      }),
    ),
  )
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
  return prepared.do === 'write' ? prepared.object : undefined
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

/** Waits until workloads are ready and claims are bound, until the deadline at most. */
async function awaitReadiness(restored: readonly RestoredOutcome[], context: FinalizeContext): Promise<Message[]> {
  const gate = pLimit(objectsInFlightMax)
  let open = restored.map((outcome) => ({ outcome, why: '' }))
  for (let pauseMs: number = lookMs.first; ; pauseMs = Math.min(pauseMs * 2, lookMs.last)) {
    context.attempt.throwIfStopped()
    const seen = await Promise.all(open.map(({ outcome }) => gate(() => lookAt(outcome, context))))
    open = seen.filter(({ why }) => why !== '')
    if (open.length === 0 || context.isOver()) break
    const [first] = open
    if (first !== undefined)
      context.attempt.waitingFor(`${idOf(first.outcome)}, which is not ready, and ${open.length - 1} more objects`)
    await context.ports.clock.sleep(pauseMs, context.attempt.signal)
  }
  context.attempt.waitingFor(undefined)
  return open.map(({ outcome, why }) => finding(outcome, `is not ready: ${why}`))
}

/** Why an object is not ready yet; empty where it is, where its kind has no such state, or where nothing can be seen. */
async function lookAt(
  outcome: RestoredOutcome,
  context: FinalizeContext,
): Promise<{ outcome: RestoredOutcome; why: string }> {
  const groupResource = groupResourceOf(outcome)
  if (!whyNotReady.has(groupResource)) return { outcome, why: '' }
  const live = await readObject(outcome, context)
  if (live === undefined || live instanceof ApiError || live.metadata.uid !== outcome.object.uid)
    return { outcome, why: '' }
  return { outcome, why: whyNotReady.get(groupResource)?.(live) ?? '' }
}
