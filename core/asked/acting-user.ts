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
  namespace?: string
}

/** Its members pass by all authorization, so nobody could be told what they may not do. */
const unbound = 'system:masters'

/** The user that the annotations of a Restore name; undefined where they name none. */
export function askedUser(annotations: Readonly<Record<string, string>> = {}): ActingUser | undefined {
  const { [impersonateUserAnnotation]: user, [impersonateGroupsAnnotation]: groups = '' } = annotations
  return user === undefined ? undefined : { user, groups: entriesOf(groups) }
}

/**
 * As whom a restore writes, and who else has to be allowed each write: where the worker is told a user, a Restore that names another one
 * may do what both may do, and no more.
 */
export function actingUsers(
  annotations: Readonly<Record<string, string>> | undefined,
  ofWorker: ActingUser | undefined,
): { acts: ActingUser; all: readonly ActingUser[] } | undefined {
  const users = [askedUser(annotations), ofWorker].filter((user) => user !== undefined)
  const [acts] = users
  return acts === undefined ? undefined : { acts, all: users }
}

/** What is wrong with the name of a user. */
export function faultOfUser(value: string): string | undefined {
  if (value.trim() === '') return 'it names no user'
  return isHeader(value) ? undefined : 'a name has visible characters of ASCII alone'
}

/** What is wrong with a list of groups. */
export function faultOfGroups(value: string): string | undefined {
  const groups = entriesOf(value)
  if (groups.length === 0) return 'it names no group'
  if (groups.length > entriesMax) return `it names ${groups.length} groups, and may name ${entriesMax}`
  if (groups.includes(unbound)) return `${quoted(unbound)} passes by all authorization, and cannot be asked for`
  return groups.every(isHeader) ? undefined : 'a name has visible characters of ASCII alone'
}

/** Names go to the API server in the head of a request. */
const isHeader = (text: string): boolean => /^[\x21-\x7e]+$/.test(text)
