import type { Access, ActingUser } from '../../core/asked/acting-user.ts'
import { permitsOf, refusedPlugins } from '../../core/asked/restore-policy.ts'
import type { RestorePolicy } from '../../core/asked/restore-policy.ts'
import { isInPlace } from '../../core/actions/data-mover.ts'
import { pluginRule } from '../../core/actions/run-plugins.ts'
import { keyOfRight, neededRights, rightsInWords } from '../../core/plan/needed-rights.ts'
import type { NeededRight } from '../../core/plan/needed-rights.ts'
import type { Plan } from '../../core/plan/plan.ts'
import { denialsInWords, policyDenials } from '../../core/plan/policy-denials.ts'
import type { Denial } from '../../core/plan/policy-denials.ts'
import { ApiError } from '../../core/port-errors.ts'
import { userOf, whyNotActing } from '../frame/acting-as.ts'
import { fatal } from '../frame/failures.ts'
import { inFlight } from '../frame/in-flight.ts'
import { shards } from '../frame/journal.ts'
import type { StoredFacts } from '../frame/journal.ts'
import type { Attempt } from '../frame/run-activity.ts'
import type { Session, Sessions } from '../frame/session.ts'
import { hookedPods } from './hooked-pods.ts'
import type { Cluster, Ports } from '../ports.ts'
import type { Settings } from '../settings.ts'
import type { Restore } from '../../velero/restore.ts'
import { namespaceResource } from '../../velero/resource.ts'

/** Questions to the API server at once. */
const questionsMax = 8

const anything = { group: '*', resource: '*' }
/** What the check works with. */
interface Checking {
  session: Pick<Session, 'admission' | 'journal' | 'ref'>
  sessions: Pick<Sessions, 'withPlan'>
  ports: Pick<Ports, 'cluster'>
  settings: Pick<Settings, 'actingUser' | 'policy'>
  attempt: Pick<Attempt, 'throwIfStopped' | 'signal'>
  /** The Restore as it stands now. */
  live: Restore | undefined
}

const nothingWritten = 'nothing was written in this run'

/**
 * Ends a restore before it writes anything where the policy of the worker, or the rights of the user as whom it is made, do not cover all
 * of its plan. What a grant covers as a whole is asked as a whole, so a plan of many namespaces takes few questions. The first denial of a
 * right does not hide the others.
 */
export async function checkRights(plan: Plan, checking: Checking): Promise<void> {
  const { session, settings, ports, live } = checking
  const { restore, spec } = session.admission
  const why = whyNotActing(session.admission, settings, live)
  if (why !== undefined) throw fatal(`${why}: ${nothingWritten}`)
  const user = userOf(session.admission, settings)
  const permits = permitsOf(settings.policy, user)
  if (user === undefined && permits === undefined) return
  const there = await ports.cluster.list(namespaceResource, { metadataOnly: true })
  const names = new Set(there.map(({ metadata }) => metadata.name))
  const given = {
    isThere: (namespace: string) => names.has(namespace),
    spec,
    home: restore.namespace,
    inPlace: await claimsInPlace(session),
  }
  if (permits !== undefined) refuseDenied(policyDenials(plan, { ...given, hooked: none }, permits), user)
  if (user === undefined) return
  refusePlugins(plan, user, { policy: settings.policy, facts: await session.journal.read(shards.facts) })
  await checkUser(user, neededRights(plan, { ...given, hooked: await hookedPods(plan, checking) }), checking)
}

const none: ReadonlySet<string> = new Set()

function refuseDenied(denials: readonly Denial[], user: ActingUser | undefined): void {
  if (denials.length === 0) return
  const whom = user === undefined ? 'a restore without a user' : `user ${user.user}`
  throw fatal(
    `the worker's policy does not let ${whom} restore ${denialsInWords(denials)}: ${nothingWritten}. Leave these items out, or ask for the policy to be changed`,
  )
}

/** What an action of a plugin writes by itself, it writes with the rights of the worker. */
function refusePlugins(
  plan: Plan,
  user: ActingUser,
  { policy, facts }: { policy: RestorePolicy | undefined; facts: StoredFacts | undefined },
): void {
  const used = (facts?.plugins ?? []).filter((plugin) => {
    const { appliesTo } = pluginRule(plugin)
    return plan.waves.some(({ groupResource, chunks }) =>
      chunks.some(({ items }) => items.some(({ target }) => appliesTo(groupResource, target))),
    )
  })
  const refused = refusedPlugins(
    policy,
    user,
    used.map(({ name }) => name),
  )
  if (refused.length === 0) return
  const actions = `${refused.length === 1 ? 'action' : 'actions'} ${refused.slice(0, 10).join(', ')}`
  throw fatal(
    `this restore is made as user ${user.user}, but ${actions} of plugins would act with the rights of the worker: ${nothingWritten}. The worker's policy may name plugins that it trusts with that`,
  )
}

async function checkUser(
  user: ActingUser,
  needed: readonly NeededRight[],
  { ports: { cluster }, attempt }: Pick<Checking, 'ports' | 'attempt'>,
): Promise<void> {
  const denied = await deniedTo(user, needed, { cluster, attempt }).catch((thrown: unknown) => {
    throw thrown instanceof ApiError && thrown.code === 403
      ? fatal(`the worker may not act as user ${user.user}: ${thrown.message}`)
      : thrown
  })
  if (denied.length > 0)
    throw fatal(
      `user ${user.user} may not ${rightsInWords(denied)}: ${nothingWritten}. Give these rights to the user, or leave these items out`,
    )
}

/** The claims that stood before the restore, where their data is written into their volumes. */
async function claimsInPlace({
  admission,
  journal,
}: Pick<Session, 'admission' | 'journal'>): Promise<ReadonlySet<string>> {
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
