import { readFile } from 'node:fs/promises'
import { parse } from 'ini'
import { StoreError } from '../../core/port-errors.ts'
import type { BackupStorageLocation } from '../../velero/backup.ts'
import type { LocationSettings } from './location-settings.ts'
import { readSecretKey } from './location-secrets.ts'
import type { SecretSource } from './location-secrets.ts'

/** Where the credentials of a location come from: keys as they are, a role that a profile names, or the SDK's default chain. */
export type StoreCredentials = StaticCredentials | RoleCredentials | ChainCredentials

/** Keys, as a profile or the environment has them. */
export interface StaticCredentials {
  from: 'keys'
  accessKeyId: string
  secretAccessKey: string
  sessionToken?: string
  /** The profile's region, where it names one. */
  region?: string
  /** Texts that must never stand in a message. */
  secrets: readonly string[]
}

/** A profile whose credentials AWS's token service gives: by `source_profile`, `credential_source` or a web identity token. */
export interface RoleCredentials {
  from: 'role'
  /** The file or Secret that holds the profile and those that it names. */
  text: string
  profile: string
  region?: string
  secrets: readonly string[]
}

/** The environment, web identity, a pod's identity, the machine's metadata, in the SDK's order. */
export interface ChainCredentials {
  from: 'chain'
  /** A profile that the location names; with one, the variables of the environment do not count. */
  profile?: string
  /** What was looked at before, for the message where the chain has none either. */
  looked: string
}

/**
 * Finds a location's credentials where Velero's AWS plugin finds them: the Secret of `spec.credential`, then the file of
 * AWS_SHARED_CREDENTIALS_FILE, then the SDK's default chain. A file that is not there, or has no profile `default`, leaves it to
 * the chain: a Deployment may mount a Secret that does not exist.
 */
export async function readCredentials(
  location: BackupStorageLocation,
  settings: LocationSettings,
  around: { secrets: SecretSource; env: Readonly<Record<string, string | undefined>> },
): Promise<StoreCredentials> {
  const named = settings.profile ?? (around.env['AWS_PROFILE'] || undefined)
  const { credential } = location.spec
  if (credential !== undefined) {
    const text = await readCredentialSecret(around.secrets, credential)
    const source = `key ${JSON.stringify(credential.key)} of Secret ${JSON.stringify(credential.name)}`
    return pickProfile(text, named ?? 'default', source) ?? missing(named ?? 'default', source)
  }
  const file = around.env['AWS_SHARED_CREDENTIALS_FILE'] || undefined
  const chain: ChainCredentials = {
    from: 'chain',
    ...(settings.profile === undefined ? {} : { profile: settings.profile }),
    looked: 'the location has no spec.credential, and AWS_SHARED_CREDENTIALS_FILE is not set',
  }
  if (file !== undefined) {
    const text = await readCredentialsFile(file)
    const picked = text === undefined ? undefined : pickProfile(text, named ?? 'default', `file ${file}`)
    if (picked !== undefined) return picked
    if (named !== undefined && text !== undefined) missing(named, `file ${file}`)
    const why = text === undefined ? 'does not exist' : 'has no profile "default"'
    chain.looked = `the location has no spec.credential, and file ${file} ${why}`
  }
  return (settings.profile === undefined ? fromEnvironment(around.env) : undefined) ?? chain
}

async function readCredentialSecret(secrets: SecretSource, selector: { name: string; key: string }): Promise<string> {
  try {
    return (await readSecretKey(secrets, selector)).toString('utf8')
  } catch (error) {
    if (!(error instanceof StoreError)) throw error
    throw new StoreError(error.kind, `unable to get credentials: ${error.message}`, { cause: error })
  }
}

async function readCredentialsFile(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return undefined
    throw failure(`unable to get credentials: could not read ${path}: ${code}`)
  }
}

function missing(profile: string, source: string): never {
  throw failure(`failed to get shared config profile, ${profile} (${source})`)
}

function pickProfile(text: string, name: string, source: string): StoreCredentials | undefined {
  const profiles = parseProfiles(text)
  const profile = profiles.get(name)
  if (profile === undefined) return undefined
  const region = profile.get('region')
  if (isRole(profile)) {
    const secrets = [...profiles.values()].flatMap((one) =>
      secretsOf(one.get('aws_secret_access_key'), one.get('aws_session_token')),
    )
    return { from: 'role', text, profile: name, ...(region === undefined ? {} : { region }), secrets }
  }
  const accessKeyId = profile.get('aws_access_key_id')
  const secretAccessKey = profile.get('aws_secret_access_key')
  if (accessKeyId === undefined || secretAccessKey === undefined) throw incomplete(profile, name, source)
  const sessionToken = profile.get('aws_session_token')
  return staticCredentials({ accessKeyId, secretAccessKey, sessionToken, region })
}

/** As the SDK of Velero's plugin has it, keys beside a role belong to the source of the role. */
function isRole(profile: Profile): boolean {
  return (
    profile.has('role_arn') &&
    ['source_profile', 'credential_source', 'web_identity_token_file'].some((key) => profile.has(key))
  )
}

function fromEnvironment(env: Readonly<Record<string, string | undefined>>): StaticCredentials | undefined {
  const accessKeyId = env['AWS_ACCESS_KEY_ID']
  const secretAccessKey = env['AWS_SECRET_ACCESS_KEY']
  if (!accessKeyId || !secretAccessKey) return undefined
  return staticCredentials({ accessKeyId, secretAccessKey, sessionToken: env['AWS_SESSION_TOKEN'], region: undefined })
}

function staticCredentials(found: {
  accessKeyId: string
  secretAccessKey: string
  sessionToken: string | undefined
  region: string | undefined
}): StaticCredentials {
  const { accessKeyId, secretAccessKey, sessionToken, region } = found
  return {
    from: 'keys',
    accessKeyId,
    secretAccessKey,
    ...(sessionToken ? { sessionToken } : {}),
    ...(region ? { region } : {}),
    secrets: secretsOf(secretAccessKey, sessionToken, accessKeyId.length < 8 ? '' : accessKeyId),
  }
}

function secretsOf(...texts: (string | undefined)[]): string[] {
  return texts.filter((text): text is string => text !== undefined && text !== '')
}

/** Each runs a program of the file's writer, or asks a person. */
const notDone: readonly string[] = ['credential_process', 'sso_session', 'sso_start_url']

function incomplete(profile: Profile, name: string, source: string): StoreError {
  const indirect = notDone.find((key) => profile.has(key))
  if (indirect !== undefined) {
    return failure(
      `profile ${JSON.stringify(name)} in ${source} gets its credentials by ${indirect}, which Drydock does not support: ` +
        `give keys or role_arn there, or leave spec.credential unset and let the pod's own identity provide them`,
    )
  }
  const half = profile.has('role_arn')
    ? '; its role_arn needs source_profile, credential_source or web_identity_token_file'
    : ''
  return failure(
    `profile ${JSON.stringify(name)} in ${source} lacks aws_access_key_id or aws_secret_access_key; it must read like an AWS credentials file${half}`,
  )
}

function failure(message: string): StoreError {
  return new StoreError('credentials', message)
}

/** The settings of one profile, keys in lower case. */
export type Profile = ReadonlyMap<string, string>

/**
 * Reads the profiles of an AWS credentials or config file. The general INI parser takes `;`, `#` and `\` anywhere
 * in a value for comments and escapes, but they occur in secret keys: AWS begins a comment only after white space.
 */
export function parseProfiles(text: string): ReadonlyMap<string, Profile> {
  const profiles = new Map<string, Map<string, string>>()
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/)
  for (const [section, settings] of Object.entries(parse(lines.map(protectLine).join('\n')))) {
    if (typeof settings !== 'object' || settings === null) continue
    const name = section.replace(/^profile\s+/, '').trim()
    const profile = profiles.get(name) ?? new Map<string, string>()
    profiles.set(name, profile)
    for (const [key, value] of Object.entries(settings)) {
      if (value !== true && value !== '') profile.set(key.toLowerCase(), String(value))
    }
  }
  return profiles
}

/** Escapes what the parser would take for more than a character. */
function protectLine(line: string): string {
  const header = /^\s*\[([^\]]*)\]/.exec(line)
  if (header !== null) return `[${(header[1] ?? '').trim().replaceAll('.', '\\.')}]`
  const equals = line.indexOf('=')
  if (equals < 0 || /^\s*[;#]/.test(line)) return ''
  const value = line
    .slice(equals + 1)
    .replace(/\s[;#].*$/, '')
    .replace(/[\\;#]/g, '\\$&')
  return `${line.slice(0, equals)}=${value}`
}
