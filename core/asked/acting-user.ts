import { impersonateGroupsAnnotation, impersonateUserAnnotation } from '../../velero/labels.ts'
import { entriesMax, entriesOf, quoted } from './entries.ts'

/** A user of the cluster as whom the objects of a restore are written. */
export interface ActingUser {
  user: string
  groups: readonly string[]
}

/** What a user may or may not do; `*` is each verb, group or resource. Without a namespace: in all of them, and in the cluster. */
export interface Access {
  verb: string
  group: string
  resource: string
  subresource?: string
  namespace?: string
}

/** Its members pass by all authorization, so nobody could be told what they may not do. */
const unbound = 'system:masters'

/** Begin of the names that Kubernetes keeps for its own parts, and for service accounts. */
const ofKubernetes = 'system:'
const serviceAccount = 'system:serviceaccount:'
const openGroups = /^system:(?:authenticated$|serviceaccounts(?::|$))/

/** The user that the annotations of a Restore name; undefined where they name none. */
export function askedUser(annotations: Readonly<Record<string, string>> = {}): ActingUser | undefined {
  const { [impersonateUserAnnotation]: user, [impersonateGroupsAnnotation]: groups = '' } = annotations
  return user === undefined ? undefined : { user, groups: entriesOf(groups) }
}

/**
 * As whom a restore writes: the user of the worker, else the one whom the Restore names; undefined for the worker itself. The user of the
 * worker comes first whatever a Restore says: whoever writes a Restore must not choose their way around it.
 */
export function actingUser(
  annotations: Readonly<Record<string, string>> | undefined,
  ofWorker: ActingUser | undefined,
): ActingUser | undefined {
  return ofWorker ?? askedUser(annotations)
}

/** Why a Restore may not name this user: the worker has one for all restores. The same one in other words is no fault. */
export function faultOfOtherUser(
  annotations: Readonly<Record<string, string>>,
  ofWorker: ActingUser | undefined,
): string | undefined {
  const { [impersonateUserAnnotation]: user, [impersonateGroupsAnnotation]: groups } = annotations
  if (ofWorker === undefined || user === undefined) return undefined
  const [asked, own] = [quoted(user), quoted(ofWorker.user)]
  if (user !== ofWorker.user)
    return `annotation ${impersonateUserAnnotation} is ${asked}: this worker restores as user ${own} alone: name that one, or none`
  if (groups === undefined || sameNames(entriesOf(groups), ofWorker.groups)) return undefined
  return `annotation ${impersonateGroupsAnnotation} is ${quoted(groups)}: this worker restores as user ${own} alone, who has other groups: leave them out`
}

/**
 * Why the next run of a restore may not be made as this user: it has what the run before has journalled, so it has the rights of the
 * same user, or fewer. Undefined where it may.
 */
export function faultOfNextUser(before: ActingUser | undefined, next: ActingUser | undefined): string | undefined {
  if (before === undefined) return undefined
  const groups = next?.user === before.user ? next.groups.filter((group) => !before.groups.includes(group)) : undefined
  if (groups?.length === 0) return undefined
  return `the run before was made as ${userInWords(before)}, and this one would be as ${userInWords(next)}: name the same user and no more groups, or create a new Restore`
}

/** Whether two users are one, groups included. */
export function isSameUser(one: ActingUser | undefined, other: ActingUser | undefined): boolean {
  return one?.user === other?.user && sameNames(one?.groups ?? [], other?.groups ?? [])
}

/** Such as `user "alice" of groups "a", "b"`. */
export function userInWords(user: ActingUser | undefined): string {
  if (user === undefined) return 'no user'
  const [group, ...more] = user.groups.map(quoted)
  if (group === undefined) return `user ${quoted(user.user)}`
  return `user ${quoted(user.user)} of group${more.length === 0 ? '' : 's'} ${[group, ...more].slice(0, 10).join(', ')}`
}

const sameNames = (some: readonly string[], others: readonly string[]): boolean =>
  some.every((name) => others.includes(name)) && others.every((name) => some.includes(name))

/** What is wrong with the name of a user. */
export function faultOfUser(value: string): string | undefined {
  if (value.trim() === '') return 'it names no user'
  if (value.startsWith(ofKubernetes) && !value.startsWith(serviceAccount))
    return 'it is a user of Kubernetes itself, whom rules of the cluster may pass by: only service accounts are taken'
  return isHeader(value) ? undefined : 'a name has visible characters of ASCII alone'
}

/** What is wrong with a list of groups. */
export function faultOfGroups(value: string): string | undefined {
  const groups = entriesOf(value)
  if (groups.length === 0) return 'it names no group'
  if (groups.length > entriesMax) return `it names ${groups.length} groups, and may name ${entriesMax}`
  if (groups.includes(unbound)) return `${quoted(unbound)} passes by all authorization, and cannot be asked for`
  if (groups.some((group) => group.startsWith(ofKubernetes) && !openGroups.test(group)))
    return 'it names a group of Kubernetes itself, which rules of the cluster may pass by'
  return groups.every(isHeader) ? undefined : 'a name has visible characters of ASCII alone'
}

/** Names go to the API server in the head of a request. */
const isHeader = (text: string): boolean => /^[\x21-\x7e]+$/.test(text)
