import { readFileSync } from 'node:fs'
import { faultOfGroups, faultOfUser } from '../../core/asked/acting-user.ts'
import type { ActingUser } from '../../core/asked/acting-user.ts'
import { parseRestorePolicy } from '../../core/asked/parse-restore-policy.ts'
import { faultOfPolicy } from '../../core/asked/restore-policy.ts'
import type { RestorePolicy } from '../../core/asked/restore-policy.ts'
import { entriesOf } from '../../core/asked/entries.ts'
import type { Settings } from '../../activities/settings.ts'
import type { Env } from './read-values.ts'

const userVariable = 'DRYDOCK_IMPERSONATE_USER'
const groupsVariable = 'DRYDOCK_IMPERSONATE_GROUPS'

const policyVariable = 'DRYDOCK_POLICY_FILE'

/** As whom restores write, and who may restore what into which namespaces. What is wrong is added to `problems`. */
export function readUsers(env: Env, problems: string[]): Pick<Settings, 'actingUser' | 'policy'> {
  const actingUser = readActingUser(env, problems)
  const policy = readPolicy(env, problems)
  const fault = actingUser === undefined ? undefined : faultOfPolicy(policy, actingUser)
  if (fault !== undefined) problems.push(`${userVariable} and ${policyVariable} contradict each other: ${fault}`)
  return { actingUser, policy }
}

/** A policy that cannot be read stops the worker: without it restores would have more rights. */
function readPolicy({ [policyVariable]: file = '' }: Env, problems: string[]): RestorePolicy | undefined {
  if (file === '') return undefined
  try {
    const parsed = parseRestorePolicy(readFileSync(file, 'utf8'))
    if ('policy' in parsed) return parsed.policy
    problems.push(...parsed.errors.map((error) => `${policyVariable}: the policy ${file} cannot be used: ${error}`))
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message : String(thrown)
    problems.push(`${policyVariable}: the file ${file} cannot be read: ${why}`)
  }
  return undefined
}

function readActingUser(env: Env, problems: string[]): ActingUser | undefined {
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
