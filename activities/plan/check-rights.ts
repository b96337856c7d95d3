import { actingUser } from '../../core/asked/acting-user.ts'
import type { Access, ActingUser } from '../../core/asked/acting-user.ts'
import { isInPlace } from '../../core/actions/data-mover.ts'
import { keyOfRight, neededRights, rightsInWords } from '../../core/plan/needed-rights.ts'
import type { NeededRight } from '../../core/plan/needed-rights.ts'
import type { Plan } from '../../core/plan/plan.ts'
import { ApiError } from '../../core/port-errors.ts'
import { fatal } from '../frame/failures.ts'
import { inFlight } from '../frame/in-flight.ts'
import { shards } from '../frame/journal.ts'
import type { StoredFacts } from '../frame/journal.ts'
import type { Attempt } from '../frame/run-activity.ts'
import type { Session } from '../frame/session.ts'
import type { Cluster, Ports } from '../ports.ts'
import type { Settings } from '../settings.ts'
import { namespaceResource } from '../../velero/resource.ts'

/** Questions to the API server at once. */
const questionsMax = 8

const anything = { group: '*', resource: '*' }
/** What the check works with. */
interface Checking {
  session: Pick<Session, 'admission' | 'journal'>
  ports: Pick<Ports, 'cluster'>
  settings: Pick<Settings, 'actingUser'>
  attempt: Pick<Attempt, 'throwIfStopped'>
}

/**
 * Ends a restore before it writes anything where the user as whom it is made may not do all of its plan. What a grant covers as a whole is
 * asked as a whole, so a plan of many namespaces takes few questions. The first denial of a right does not hide the others.
 */
export async function checkRights(plan: Plan, { session, ports, settings, attempt }: Checking): Promise<void> {
  const { restore, spec } = session.admission
  const user = actingUser(restore.annotations, settings.actingUser)
  if (user === undefined) return
  const { cluster } = ports
  const there = await cluster.list(namespaceResource, { metadataOnly: true })
  const names = new Set(there.map(({ metadata }) => metadata.name))
  const isThere = (namespace: string): boolean => names.has(namespace)
  const needed = neededRights(plan, { isThere, spec, home: restore.namespace, inPlace: await claimsInPlace(session) })
  const denied = await deniedTo(user, needed, { cluster, attempt }).catch((thrown: unknown) => {
    throw thrown instanceof ApiError && thrown.code === 403
      ? fatal(`the worker may not act as user ${user.user}: ${thrown.message}`)
      : thrown
  })
  if (denied.length > 0)
    throw fatal(
      `user ${user.user} may not ${rightsInWords(denied)}: nothing was written in this run. Give these rights to the user, or leave these items out`,
    )
}

/** The claims that stood before the restore, where their data is written into their volumes. */
async function claimsInPlace({ admission, journal }: Checking['session']): Promise<ReadonlySet<string>> {
  const { restore, spec, backup } = admission
  if (restore.api !== 'next' || !isInPlace(spec) || backup.spec.snapshotMoveData !== true) return new Set()
  const facts = await journal.read<StoredFacts>(shards.facts)
  return new Set(facts?.actions.existingClaims)
}

async function deniedTo(
  user: ActingUser,
  needed: readonly NeededRight[],
  { cluster, attempt }: { cluster: Cluster; attempt: Checking['attempt'] },
): Promise<NeededRight[]> {
  if (needed.length === 0 || (await cluster.mayDo(user, { verb: '*', ...anything }))) return []
  const everywhere = new Map<string, Promise<boolean>>()
  const mayEverywhere = (access: Access): Promise<boolean> => {
    const key = keyOfRight(access)
    const asked = everywhere.get(key) ?? cluster.mayDo(user, access)
    everywhere.set(key, asked)
    return asked
  }
  const answers = await inFlight(needed, questionsMax, async ({ items: _items, first: _first, ...right }) => {
    attempt.throwIfStopped()
    const { namespace, ...wide } = right
    if (await mayEverywhere(wide)) return true
    return namespace === undefined ? false : cluster.mayDo(user, right)
  })
  return needed.filter((_, index) => answers[index] === false)
}
