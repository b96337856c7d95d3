import { actingUser } from '../../core/asked/acting-user.ts'
import type { ActingUser } from '../../core/asked/acting-user.ts'
import { neededRights, rightsInWords } from '../../core/plan/needed-rights.ts'
import type { NeededRight } from '../../core/plan/needed-rights.ts'
import type { Plan } from '../../core/plan/plan.ts'
import { ApiError } from '../../core/port-errors.ts'
import { fatal } from '../frame/failures.ts'
import { inFlight } from '../frame/in-flight.ts'
import type { StoredAdmission } from '../frame/journal.ts'
import type { Cluster, Ports } from '../ports.ts'
import type { Settings } from '../settings.ts'

/** Questions to the API server at once. */
const questionsMax = 8

const anything = { group: '*', resource: '*' }
const namespaces = { group: '', version: 'v1', resource: 'namespaces' }

/**
 * Ends a restore before it writes anything where the user as whom it is made may not do all of its plan. What a grant covers as a whole is
 * asked as a whole, so a plan of many namespaces takes few questions. The first denial of a right does not hide the others.
 */
export async function checkRights(
  plan: Plan,
  { restore }: Pick<StoredAdmission, 'restore'>,
  { ports: { cluster }, settings }: { ports: Pick<Ports, 'cluster'>; settings: Pick<Settings, 'actingUser'> },
): Promise<void> {
  const user = actingUser(restore.annotations, settings.actingUser)
  if (user === undefined) return
  const there = await cluster.list(namespaces, { metadataOnly: true })
  const names = new Set(there.map(({ metadata }) => metadata.name))
  const needed = neededRights(plan, (namespace) => names.has(namespace))
  const denied = await deniedTo(user, needed, cluster).catch((thrown: unknown) => {
    throw thrown instanceof ApiError && thrown.code === 403
      ? fatal(`the worker may not act as user ${user.user}: ${thrown.message}`)
      : thrown
  })
  if (denied.length > 0)
    throw fatal(
      `user ${user.user} may not ${rightsInWords(denied)}: nothing was restored. Give these rights to the user, or leave these items out`,
    )
}

async function deniedTo(user: ActingUser, needed: readonly NeededRight[], cluster: Cluster): Promise<NeededRight[]> {
  if (needed.length === 0 || (await cluster.mayDo(user, { verb: '*', ...anything }))) return []
  const everywhere = new Map<string, Promise<boolean>>()
  const mayEverywhere = ({ verb, group, resource }: NeededRight): Promise<boolean> => {
    const key = [verb, group, resource].join(' ')
    const asked = everywhere.get(key) ?? cluster.mayDo(user, { verb, group, resource })
    everywhere.set(key, asked)
    return asked
  }
  const answers = await inFlight(needed, questionsMax, async (right) => {
    if (await mayEverywhere(right)) return true
    const { verb, group, resource, namespace } = right
    return namespace === undefined ? false : cluster.mayDo(user, { verb, group, resource, namespace })
  })
  return needed.filter((_, index) => answers[index] === false)
}
