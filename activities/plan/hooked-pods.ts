import { podHooks } from '../../core/hooks/pod-hooks.ts'
import { parseItem } from '../../core/items/item-manifest.ts'
import type { Plan, PlannedItem } from '../../core/plan/plan.ts'
import { ArchiveError } from '../../core/port-errors.ts'
import type { ItemAddress } from '../../velero/resource.ts'
import { inFlight } from '../frame/in-flight.ts'
import type { Attempt } from '../frame/run-activity.ts'
import type { PlannedSession, Session, Sessions } from '../frame/session.ts'

/** Pods that are read from the archive at once. */
const readsMax = 16

/**
 * The pods of a plan that bring a command of their own in their annotations, in the backup or by a modifier: `<target namespace>/<name>`.
 * What a plugin adds is not known before it is asked.
 */
export async function hookedPods(
  plan: Plan,
  {
    session: { ref },
    sessions,
    attempt,
  }: {
    session: Pick<Session, 'ref'>
    sessions: Pick<Sessions, 'withPlan'>
    attempt: Pick<Attempt, 'signal' | 'throwIfStopped'>
  },
): Promise<ReadonlySet<string>> {
  const pods = plan.waves
    .filter(({ groupResource }) => groupResource === 'pods')
    .flatMap(({ chunks }) => chunks.flatMap(({ items }) => items.filter(({ twinOf }) => twinOf === undefined)))
  if (pods.length === 0) return new Set()
  return sessions.withPlan(ref, attempt.signal, async (planned) => {
    const found = await inFlight(pods, readsMax, async (item) => {
      attempt.throwIfStopped()
      return (await hasCommand(item, planned)) ? [`${item.target ?? ''}/${item.name}`] : []
    })
    return new Set(found.flat())
  })
}

/** One that cannot be read is an error where it is restored. */
async function hasCommand(item: PlannedItem, { readItem, rules }: PlannedSession): Promise<boolean> {
  const { namespace, name } = item
  const address: ItemAddress = { groupResource: 'pods', name, ...(namespace === undefined ? {} : { namespace }) }
  const text = await readItem('pods', item).catch((thrown: unknown) => {
    if (thrown instanceof ArchiveError && thrown.kind === 'missing') return undefined
    throw thrown
  })
  if (text === undefined) return false
  const read = parseItem(text, address)
  if ('problem' in read) return false
  return [read.manifest, rules.modify(read.manifest, 'pods').item].some((pod) => podHooks(pod, []) !== undefined)
}
