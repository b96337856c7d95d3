import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ApiError } from '../../../core/port-errors.ts'
import { createStores } from '../../../infra/store/open-store.ts'
import { parseProfiles } from '../../../infra/store/credentials.ts'
import type { BackupStorageLocation } from '../../../velero/backup.ts'
import type { Manifest } from '../../../velero/manifest.ts'
import { aLocation, credentialsSecret } from './start-s3.ts'

const server = { url: 'http://127.0.0.1:1', accessKey: 'AKIDEXAMPLE', secretKey: 'keep-this-quiet' }

interface World {
  spec?: Partial<BackupStorageLocation['spec']>
  config?: Record<string, string>
  secret?: Manifest | undefined
  env?: Record<string, string>
}

/** Opens a location that would work, but for what a case changes. */
function open({ spec = {}, config = {}, secret = credentialsSecret(server), env = {} }: World) {
  const location = aLocation(server, 'bucket', { config })
  Object.assign(location.spec, spec)
  const cluster = { get: () => Promise.resolve(secret) }
  return createStores({ cluster, veleroNamespace: 'velero', env }).open(location)
}

function iniSecret(text: string): Manifest {
  return { ...credentialsSecret(server), data: { cloud: Buffer.from(text).toString('base64') } }
}

const without = { objectStorage: undefined } as unknown as World['spec']

describe("a location that cannot be used fails in Velero's words", () => {
  it.each<[string, World]>([
    ['backup storage location does not use object storage', { spec: without! }],
    ['object storage provider name must not be empty', { spec: { provider: '' } }],
    [
      `backup storage location's bucket name "/a/b/" must not contain a '/' (if using a prefix, put it in the 'Prefix' field instead)`,
      { spec: { objectStorage: { bucket: '/a/b/' } } },
    ],
    [
      'config has invalid keys [other s3url]; valid keys are [region s3Url publicUrl kmsKeyId',
      { config: { s3url: 'x', other: 'y' } },
    ],
    [
      'could not parse s3ForcePathStyle (expected bool): strconv.ParseBool: parsing "yes": invalid syntax',
      { config: { s3ForcePathStyle: 'yes' } },
    ],
    ['could not parse insecureSkipTLSVerify (expected bool)', { config: { insecureSkipTLSVerify: 'on' } }],
    ['Invalid s3 url ftp://x, URL must be valid', { config: { s3Url: 'ftp://x' } }],
    ['Invalid s3 url nowhere, URL must be valid', { config: { publicUrl: 'nowhere' } }],
    ['invalid checksum algorithm: CRC31', { config: { checksumAlgorithm: 'CRC31' } }],
    ['Tags are not seperated with an &', { config: { tagging: 'a=1' } }],
    ['invalid tags provided', { config: { tagging: 'a=1&b' } }],
    [
      'you can only use one of: kmsKeyId, customerKeyEncryptionFile, or customerKeyEncryptionSecret',
      { config: { kmsKeyId: 'a', customerKeyEncryptionFile: '/b' } },
    ],
    [
      "config has customerKeyEncryptionFile, which names a file on the worker's own disk",
      { config: { customerKeyEncryptionFile: '/none' } },
    ],
    ['invalid secret reference format: a, expected secretName/key', { config: { customerKeyEncryptionSecret: 'a' } }],
    [
      'customer key from secret velero/cloud-credentials/cloud must be exactly 32 bytes, got',
      { config: { customerKeyEncryptionSecret: 'cloud-credentials/cloud' } },
    ],
  ])('%s', async (opening, world) => {
    const error: Error = await open(world).then(
      () => expect.fail('must fail'),
      (reason: Error) => reason,
    )
    expect(error).toMatchObject({ name: 'StoreError', kind: 'location' })
    expect(error.message.startsWith(opening)).toBe(true)
  })

  it.each([
    ['gcp', 'velero.io/gcp'],
    ['example.com/s3', 'example.com/s3'],
  ])('of provider %s, whose plugin only a worker runs, is told as such', async (provider, plugin) => {
    const message = `unable to locate ObjectStore plugin named ${plugin}: BackupStorageLocation "default" needs it, and only a worker runs plugins`
    await expect(open({ spec: { provider } })).rejects.toMatchObject({ name: 'StoreError', kind: 'plugin', message })
  })

  it('shows no password of an address', async () => {
    await expect(open({ config: { s3Url: 'http://me:hush@host' } })).rejects.toThrow('Invalid s3 url http://host,')
  })
})

describe('credentials', () => {
  const failing = (world: World) => expect(open(world)).rejects

  it("fails in Velero's words where the Secret or its key is not there", async () => {
    await failing({ secret: { ...iniSecret(''), data: {} } }).toMatchObject({
      kind: 'credentials',
      message:
        'unable to get credentials: unable to get key for secret: "cloud-credentials" secret is missing data for key "cloud"',
    })
    const cluster = { get: () => Promise.resolve(undefined) }
    const stores = createStores({ cluster, veleroNamespace: 'velero', env: {} })
    await expect(stores.open(aLocation(server, 'bucket'))).rejects.toThrow(
      'unable to get credentials: unable to get key for secret: Secret "cloud-credentials" not found',
    )
  })

  it('fails as transient where the cluster gives no answer', async () => {
    const cluster = {
      get: () => Promise.reject(new ApiError({ code: 0, reason: 'Unreachable', message: 'no answer' })),
    }
    const stores = createStores({ cluster, veleroNamespace: 'velero', env: {} })
    await expect(stores.open(aLocation(server, 'bucket'))).rejects.toMatchObject({ kind: 'unreachable' })
  })

  it('says what is wrong with a profile, without its secrets', async () => {
    await failing({ secret: iniSecret('[other]\n') }).toThrow('failed to get shared config profile, default')
    await failing({ secret: iniSecret('[default]\ncredential_process = /bin/run-me\n') }).toThrow(
      /gets its credentials by credential_process/,
    )
    await failing({ secret: iniSecret('[default]\nrole_arn = arn:aws:iam::1:role/x\n') }).toThrow(
      /its role_arn needs source_profile, credential_source or web_identity_token_file/,
    )
    const half = await open({ secret: iniSecret('[default]\naws_secret_access_key=keep-this-quiet') }).catch(
      (reason: Error) => reason,
    )
    expect(half).toMatchObject({ kind: 'credentials', message: expect.stringContaining('lacks aws_access_key_id') })
    expect(JSON.stringify(half, ['message'])).not.toContain('quiet')
  })

  it('names the Secret of the certificate', async () => {
    const objectStorage = { bucket: 'bucket', caCertRef: { name: 'ca', key: 'crt' } }
    await failing({ spec: { objectStorage } }).toThrow(
      'error getting CA certificate from secret: unable to get key for secret: "ca" secret is missing data for key "crt"',
    )
  })

  it('takes the named profile, session token and region', async () => {
    const secret = iniSecret(
      '[default]\n[profile a.b]\nAWS_ACCESS_KEY_ID=AK2\naws_secret_access_key="s"\naws_session_token=tok\nregion=eu-west-9',
    )
    const store = await open({ secret, config: { profile: 'a.b', region: '' } })
    const address = new URL(await store.presign('k', 60))
    expect(address.searchParams.get('X-Amz-Credential')).toMatch(/^AK2\/\d+\/eu-west-9\/s3/)
    expect(address.searchParams.get('X-Amz-Security-Token')).toBe('tok')
  })

  it('falls back to the shared credentials file, then to the environment', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'drydock-credentials-'))
    const file = join(dir, 'cloud')
    await writeFile(file, '[default]\naws_access_key_id=FROMFILE\naws_secret_access_key=s\n')
    const access = { AWS_ACCESS_KEY_ID: 'FROMENV', AWS_SECRET_ACCESS_KEY: 's' }
    const keyOf = async (env: Record<string, string>) => {
      const spec = { credential: undefined } as unknown as World['spec']
      return new URL(await (await open({ spec: spec!, env })).presign('k', 60)).searchParams.get('X-Amz-Credential')
    }
    expect(await keyOf({ ...access, AWS_SHARED_CREDENTIALS_FILE: file })).toMatch(/^FROMFILE/)
    expect(await keyOf(access)).toMatch(/^FROMENV/)
    await rm(dir, { recursive: true })
  })

  it('reads secrets with any character, and comments as AWS does', () => {
    const text = '\uFEFF; first\r\n[default]\r\nk = a#b;c\\d=e ; comment\r\n  # indented\r\nl="q"\r\nn=\r\n'
    expect([...parseProfiles(text).get('default')!]).toEqual([
      ['k', 'a#b;c\\d=e'],
      ['l', 'q'],
    ])
  })
})

describe('addresses for others', () => {
  it('are made with publicUrl, under the prefix', async () => {
    const objectStorage = { bucket: '/bucket/', prefix: '/p/' }
    const store = await open({
      spec: { objectStorage },
      config: { publicUrl: 'https://public.example:8443', region: 'us-east-1' },
    })
    expect(await store.presign('backups/b/x', 60)).toMatch(
      /^https:\/\/public\.example:8443\/bucket\/p\/backups\/b\/x\?/,
    )
    expect(store.id).toBe('http://127.0.0.1:1/bucket/p')
  })
})
