import { faultOfGroups, faultOfUser } from '../../core/asked/acting-user.ts'
import type { ActingUser } from '../../core/asked/acting-user.ts'
import { entriesOf } from '../../core/asked/entries.ts'
import type { Env } from './read-values.ts'

const userVariable = 'DRYDOCK_IMPERSONATE_USER'
const groupsVariable = 'DRYDOCK_IMPERSONATE_GROUPS'

/** As whom all restores of the worker write; undefined where that is not set. What is wrong is added to `problems`. */
export function readActingUser(env: Env, problems: string[]): ActingUser | undefined {
  const { [userVariable]: user = '', [groupsVariable]: groups = '' } = env
  if (user === '' && groups === '') return undefined
  const tell = (name: string, value: string, fault: string | undefined): void => {
    if (fault !== undefined) problems.push(`${name} is "${value}": ${fault}`)
  }
  if (user === '') tell(groupsVariable, groups, `whose groups these are is not said: set ${userVariable} too`)
  else tell(userVariable, user, faultOfUser(user))
  if (groups !== '') tell(groupsVariable, groups, faultOfGroups(groups))
  return { user, groups: entriesOf(groups) }
}
