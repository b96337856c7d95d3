import { compareWritten } from '../../core/finalize/compare-written.ts'
import { whyNotReady } from '../../core/finalize/why-not-ready.ts'
import { itemKey, scopeOf, warning } from '../../core/items/outcome.ts'
import type { Message } from '../../core/items/outcome.ts'
import { prepareItem } from '../../core/items/prepare-item.ts'
import { parseJson } from '../../core/values/manifest-json.ts'
import type { Plan, PlannedItem } from '../../core/plan/plan.ts'
import { validateAnnotation } from '../../velero/labels.ts'
import type { Manifest } from '../../velero/manifest.ts'
import type { GroupResource } from '../../velero/resource.ts'
import type { FinalizeDesk, FinalizeFinding } from './finalize-restore.ts'
import { createGate } from '../frame/gate.ts'
import { makeItemTools } from '../items/item-tools.ts'
import type { ItemTools } from '../items/item-tools.ts'
import { groupResourceOf, idOf } from './gather-finalize-facts.ts'
import type { RestoredOutcome } from './gather-finalize-facts.ts'

const objectsInFlightMax = 32
/** Fields of one object that are named; more are counted. */
const fieldsMax = 5
const lookMs = { first: 500, last: 5_000 } as const

/**
 * Looks at each restored object once more, where the Restore or the worker asks for it: whether it still stands, whether
 * it is as it was written but for what server and controllers own, and whether workloads get ready and claims bound in
 * time. What is found are warnings that name object and field, never a value.
 */
export async function validate(desk: FinalizeDesk): Promise<FinalizeFinding> {
  if (!isWanted(desk)) return { messages: [] }
  const restored = [...desk.facts.restored.values()].sort((a, b) => (a.key < b.key ? -1 : 1))
  const differences = await compareAll(restored, desk)
  const unready = await awaitReadiness(restored, desk)
  return { messages: [...differences, ...unready] }
}

function isWanted({ session, settings }: FinalizeDesk): boolean {
  const asked = session.admission.restore.annotations?.[validateAnnotation]
  return asked === undefined ? settings.validate : asked === 'true'
}

async function compareAll(restored: readonly RestoredOutcome[], desk: FinalizeDesk): Promise<Message[]> {
  const session = await desk.sessions.openPlanned(desk.session.ref, desk.attempt.signal)
  const tools = makeItemTools(session, desk.attempt, desk)
  const planned = plannedItems(session.plan)
  const gate = createGate(objectsInFlightMax)
  let done = 0
  const found = await Promise.all(
    restored.map((outcome) =>
      gate(async () => {
        desk.attempt.throwIfStopped()
        const live = await desk.ports.cluster.get(outcome.object)
        desk.attempt.done(++done)
        return differencesOf(outcome, live, await writtenOf(outcome, planned, tools))
      }),
    ),
  )
  return found.flat()
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
  const say = (text: string) => warning(scopeOf(outcome.object.namespace), `validation: ${idOf(outcome)} ${text}`)
  if (live === undefined) return [say('is gone')]
  if (live.metadata.uid !== outcome.object.uid) return [say('is another object than the one that was restored')]
  if (written === undefined) return []
  const fields = compareWritten(written, live, { groupResource: groupResourceOf(outcome), writtenAt: outcome.at })
  const more = fields.length > fieldsMax ? [say(`differs in ${fields.length - fieldsMax} more fields`)] : []
  return [...fields.slice(0, fieldsMax).map((field) => say(`differs from what was restored in ${field}`)), ...more]
}

/** Waits for workloads and claims, all in turns, until the deadline. */
async function awaitReadiness(restored: readonly RestoredOutcome[], desk: FinalizeDesk): Promise<Message[]> {
  const gate = createGate(objectsInFlightMax)
  let open = restored.map((outcome) => ({ outcome, why: '' }))
  for (let pauseMs: number = lookMs.first; ; pauseMs = Math.min(pauseMs * 2, lookMs.last)) {
    desk.attempt.throwIfStopped()
    const seen = await Promise.all(open.map(({ outcome }) => gate(() => lookAt(outcome, desk))))
    open = seen.filter(({ why }) => why !== '')
    if (open.length === 0 || desk.isOver()) break
    const [first] = open
    if (first !== undefined)
      desk.attempt.waitingFor(`${idOf(first.outcome)}, which is not ready, and ${open.length - 1} more objects`)
    await desk.ports.clock.sleep(pauseMs, desk.attempt.signal)
  }
  desk.attempt.waitingFor(undefined)
  return open.map(({ outcome, why }) =>
    warning(scopeOf(outcome.object.namespace), `validation: ${idOf(outcome)} is not ready: ${why}`),
  )
}

async function lookAt(
  outcome: RestoredOutcome,
  desk: FinalizeDesk,
): Promise<{ outcome: RestoredOutcome; why: string }> {
  const groupResource = groupResourceOf(outcome)
  if (!whyNotReady.has(groupResource)) return { outcome, why: '' }
  const live = await desk.ports.cluster.get(outcome.object)
  if (live === undefined || live.metadata.uid !== outcome.object.uid) return { outcome, why: '' }
  return { outcome, why: whyNotReady.get(groupResource)?.(live) ?? '' }
}
