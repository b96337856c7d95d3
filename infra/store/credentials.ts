import { parse } from 'ini'
import { readFile } from 'node:fs/promises'
import { StoreError } from '../../core/port-errors.ts'
import type { BackupStorageLocation } from '../../velero/backup.ts'
import type { LocationSettings } from './location-settings.ts'
import { type SecretSource, readSecretKey } from './secret-key.ts'

/** Static credentials of a location. */
export interface StoreCredentials {
  accessKeyId: string
  secretAccessKey: string
  sessionToken?: string
  /** The profile's region, where it names one. */
  region?: string
  /** Texts that must never stand in a message. */
  secrets: readonly string[]
}

/**
 * Finds a location's credentials where Velero's AWS plugin finds them: the Secret of `spec.credential`, then the file of
 * AWS_SHARED_CREDENTIALS_FILE. Undefined where none is named: the SDK's default chain decides then, with the first request.
 */
export async function readCredentials(
  location: BackupStorageLocation,
  settings: LocationSettings,
  around: { secrets: SecretSource; env: Readonly<Record<string, string | undefined>> },
): Promise<StoreCredentials | undefined> {
  const profile = settings.profile ?? around.env['AWS_PROFILE'] ?? 'default'
  const { credential } = location.spec
  if (credential !== undefined) {
    const text = await readCredentialSecret(around.secrets, credential)
    return pickProfile(
      text,
      profile,
      `key ${JSON.stringify(credential.key)} of Secret ${JSON.stringify(credential.name)}`,
    )
  }
  const file = around.env['AWS_SHARED_CREDENTIALS_FILE'] || undefined
  if (file !== undefined) return pickProfile(await readCredentialsFile(file), profile, `file ${file}`)
  return fromEnvironment(around.env)
}

async function readCredentialSecret(secrets: SecretSource, selector: { name: string; key: string }): Promise<string> {
  try {
    return (await readSecretKey(secrets, selector)).toString('utf8')
  } catch (error) {
    if (!(error instanceof StoreError)) throw error
    throw new StoreError(error.kind, `unable to get credentials: ${error.message}`, { cause: error })
  }
}

async function readCredentialsFile(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    throw failure(`unable to get credentials: could not read ${path}: ${(error as NodeJS.ErrnoException).code}`)
  }
}

function pickProfile(text: string, name: string, source: string): StoreCredentials {
  const profile = parseProfiles(text).get(name)
  if (profile === undefined) throw failure(`failed to get shared config profile, ${name} (${source})`)
  const accessKeyId = profile.get('aws_access_key_id')
  const secretAccessKey = profile.get('aws_secret_access_key')
  if (accessKeyId === undefined || secretAccessKey === undefined) throw incomplete(profile, name, source)
  return staticCredentials({
    accessKeyId,
    secretAccessKey,
    sessionToken: profile.get('aws_session_token'),
    region: profile.get('region'),
  })
}

function fromEnvironment(env: Readonly<Record<string, string | undefined>>): StoreCredentials | undefined {
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
}): StoreCredentials {
  const { accessKeyId, secretAccessKey, sessionToken, region } = found
  return {
    accessKeyId,
    secretAccessKey,
    ...(sessionToken ? { sessionToken } : {}),
    ...(region ? { region } : {}),
    secrets: [secretAccessKey, sessionToken ?? '', accessKeyId.length < 8 ? '' : accessKeyId].filter(
      (text) => text !== '',
    ),
  }
}

const indirectKeys: readonly string[] = [
  'role_arn',
  'source_profile',
  'credential_source',
  'credential_process',
  'web_identity_token_file',
  'sso_session',
  'sso_start_url',
]

function incomplete(profile: Profile, name: string, source: string): StoreError {
  const indirect = indirectKeys.find((key) => profile.has(key))
  if (indirect !== undefined) {
    return failure(
      `profile ${JSON.stringify(name)} in ${source} gets its credentials by ${indirect}, which Drydock does not support: ` +
        `give aws_access_key_id and aws_secret_access_key there, or leave spec.credential unset and let the pod's own identity provide them`,
    )
  }
  return failure(
    `profile ${JSON.stringify(name)} in ${source} lacks aws_access_key_id or aws_secret_access_key; it must read like an AWS credentials file`,
  )
}

function failure(message: string): StoreError {
  return new StoreError('credentials', message)
}

/** The settings of one profile, keys in lower case. */
type Profile = ReadonlyMap<string, string>

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
