import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { createStores } from '../../../infra/store/open-store.ts'
import type { BackupStorageLocation } from '../../../velero/backup.ts'
import type { Manifest } from '../../../velero/manifest.ts'
import { startLocalAws, startProxy, startTlsFront } from './local-aws.ts'
import type { LocalAws } from './local-aws.ts'
import { aLocation, credentialsSecret, startS3 } from './start-s3.ts'
import type { S3Server } from './start-s3.ts'

let s3: S3Server
let aws: LocalAws
const folder = mkdtempSync(join(tmpdir(), 'drydock-credentials-'))
const role = 'arn:aws:iam::123456789012:role/restores'

beforeAll(async () => {
  s3 = await startS3()
  await s3.createBucket('backups')
  aws = await startLocalAws(s3)
})
afterAll(async () => {
  await s3.stop()
  rmSync(folder, { recursive: true })
})
beforeEach(() => {
  aws.asked.length = 0
  // The SDK reads the process's environment: nothing of this machine may help it.
  for (const name of Object.keys(process.env).filter((name) => /^AWS_|_proxy$/i.test(name))) vi.stubEnv(name, undefined)
  vi.stubEnv('AWS_CONFIG_FILE', join(folder, 'none'))
  vi.stubEnv('AWS_ENDPOINT_URL_STS', aws.url)
  vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true')
})
afterEach(() => vi.unstubAllEnvs())

/** A file of profiles; the keys are quoted as they are. */
function profiles(text: string, name = 'cloud'): string {
  const file = join(folder, name)
  writeFileSync(file, text)
  return file
}

function secretOf(text: string): Manifest {
  return { ...credentialsSecret(s3), data: { cloud: Buffer.from(text).toString('base64') } }
}

interface Case {
  env?: Record<string, string>
  /** The content of the Secret that the location names; without it the location names none. */
  secret?: string
  config?: Record<string, string>
  objectStorage?: Partial<BackupStorageLocation['spec']['objectStorage']>
  warn?: (message: string) => void
}

/** Stores over a location; `env` is that of the process as well. */
function storesOf({ env = {}, secret, config = {}, objectStorage = {}, warn }: Case) {
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value)
  const location = aLocation(s3, 'backups', { config })
  Object.assign(location.spec.objectStorage ?? {}, objectStorage)
  if (secret === undefined) delete location.spec.credential
  const cluster = { get: async () => secretOf(secret ?? '') }
  const stores = createStores({ cluster, veleroNamespace: 'velero', env, ...(warn === undefined ? {} : { warn }) })
  return { open: () => stores.open(location) }
}

/** Writes and reads an object. */
async function works(one: Case): Promise<void> {
  const store = await storesOf(one).open()
  await store.put('restores/c', Buffer.from('text'))
  expect((await store.get('restores/c'))?.toString()).toBe('text')
}

const keys = () => `aws_access_key_id=${s3.accessKey}\naws_secret_access_key=${s3.secretKey}\n`
const wrong = '[default]\naws_access_key_id=nobody-at-all\naws_secret_access_key=wrong\n'

describe('credentials come from', () => {
  it('the Secret of the location, before anything else', async () => {
    await works({ secret: `[default]\n${keys()}`, env: { AWS_SHARED_CREDENTIALS_FILE: profiles(wrong) } })
  })

  it('the mounted file, by the profile of the location, before the environment', async () => {
    const file = profiles(`${wrong}[second]\n${keys()}`)
    const env = { AWS_SHARED_CREDENTIALS_FILE: file, AWS_ACCESS_KEY_ID: 'nobody-else', AWS_SECRET_ACCESS_KEY: 'wrong' }
    await works({ env, config: { profile: 'second' } })
  })

  it('the environment, where the mounted file is not there', async () => {
    const access = { AWS_ACCESS_KEY_ID: s3.accessKey, AWS_SECRET_ACCESS_KEY: s3.secretKey }
    await works({ env: { ...access, AWS_SHARED_CREDENTIALS_FILE: join(folder, 'not-mounted') } })
  })

  it('a web identity, whose token is read again once it has expired', async () => {
    const token = join(folder, 'token')
    writeFileSync(token, 'first')
    aws.expired.add('first')
    const stores = storesOf({ env: { AWS_ROLE_ARN: role, AWS_WEB_IDENTITY_TOKEN_FILE: token } })
    const refused = { kind: 'credentials', message: expect.stringContaining('Token expired') }
    await expect((await stores.open()).get('restores/c')).rejects.toMatchObject(refused)
    writeFileSync(token, 'second')
    expect(await (await stores.open()).get('restores/none')).toBeUndefined()
    expect(new Set(aws.asked)).toEqual(new Set([`AssumeRoleWithWebIdentity ${role}`]))
  })

  it("a pod's identity", async () => {
    const token = join(folder, 'pod-token')
    writeFileSync(token, 'pod-token')
    const env = { AWS_CONTAINER_CREDENTIALS_FULL_URI: `${aws.url}/pod`, AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: token }
    await works({ env })
    expect(aws.asked).toEqual(['pod'])
  })

  it("the machine's metadata, asked once for all activities", async () => {
    vi.stubEnv('AWS_EC2_METADATA_DISABLED', undefined)
    const stores = storesOf({ env: { AWS_EC2_METADATA_SERVICE_ENDPOINT: aws.url } })
    for (let count = 0; count < 3; count += 1) expect(await (await stores.open()).get('restores/none')).toBeUndefined()
    expect(aws.asked).toEqual(['metadata'])
  })

  it('a role that a profile names: in the Secret, with its source, and in the mounted file, with a web identity', async () => {
    const withSource = `[default]\nrole_arn=${role}\nsource_profile=base\n[base]\n${keys()}`
    await works({ secret: withSource })
    const token = join(folder, 'token')
    writeFileSync(token, 'second')
    const withToken = `[default]\nrole_arn=${role}\nweb_identity_token_file=${token}\n`
    await works({ env: { AWS_SHARED_CREDENTIALS_FILE: profiles(withToken) } })
    expect(aws.asked).toEqual([`AssumeRole ${role}`, `AssumeRoleWithWebIdentity ${role}`])
  })

  it('nowhere: the message says where they were looked for', async () => {
    const env = { AWS_SHARED_CREDENTIALS_FILE: join(folder, 'not-mounted') }
    await expect((await storesOf({ env }).open()).get('a')).rejects.toMatchObject({
      kind: 'credentials',
      message: expect.stringContaining(
        `the location has no spec.credential, and file ${join(folder, 'not-mounted')} does not exist`,
      ),
    })
  })
})

describe('on the way to the bucket', () => {
  const secret = () => `[default]\n${keys()}`

  it('a proxy is used, but for hosts that need none; certificates are checked behind it too', async () => {
    const front = await startTlsFront(s3.url)
    const proxy = await startProxy()
    const config = { s3Url: front.url }
    const env = { HTTPS_PROXY: proxy.url }
    await works({ secret: secret(), env, config, objectStorage: { caCert: front.caCert } })
    expect(proxy.hosts).toContain(new URL(front.url).host)
    proxy.hosts.length = 0
    await works({
      secret: secret(),
      env: { ...env, NO_PROXY: '127.0.0.1' },
      config,
      objectStorage: { caCert: front.caCert },
    })
    expect(proxy.hosts).toEqual([])
    const untrusting = await storesOf({ secret: secret(), env, config }).open()
    await expect(untrusting.get('a')).rejects.toMatchObject({ kind: 'location' })
    await works({ secret: secret(), env, config: { ...config, insecureSkipTLSVerify: 'true' } })
  })

  it('credentialsFile of the location is ignored, with one warning', async () => {
    const warnings: string[] = []
    const warn = (message: string) => void warnings.push(message)
    const stores = storesOf({ secret: secret(), config: { credentialsFile: profiles(wrong, 'other') }, warn })
    for (const open of [stores.open, stores.open]) expect(await (await open()).get('restores/none')).toBeUndefined()
    expect(warnings).toEqual([
      expect.stringMatching(/^backup location "default": config has credentialsFile.* is ignored/),
    ])
  })
})
