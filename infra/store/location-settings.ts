import { ChecksumAlgorithm, type ServerSideEncryption } from '@aws-sdk/client-s3'
import { StoreError } from '../../core/port-errors.ts'
import type { BackupStorageLocation } from '../../velero/backup.ts'

/** A backup location as its spec gives it: checked, but with no Secret or file read yet. */
export interface LocationSettings {
  bucket: string
  /** Without slashes at its ends; may be empty. */
  prefix: string
  region: string | undefined
  endpoint: string | undefined
  /** Only addresses that are handed to others are made with this one. */
  publicEndpoint: string | undefined
  forcePathStyle: boolean
  insecureSkipTlsVerify: boolean
  profile: string | undefined
  customerKeySecret: string | undefined
  upload: UploadSettings
  /** What the location has that has no effect. */
  warnings: readonly string[]
}

/** What goes with each object that is written. */
export interface UploadSettings {
  ServerSideEncryption?: ServerSideEncryption
  SSEKMSKeyId?: string
  Tagging?: string
  ChecksumAlgorithm?: ChecksumAlgorithm
}

/** Where a location is, whatever serves it. */
export interface LocationPlace {
  bucket: string
  /** Without slashes at its ends; may be empty. */
  prefix: string
  /** The full name of the ObjectStore plugin that serves it in Velero. */
  plugin: string
}

/** The plugin of Velero whose work Drydock does itself. */
export const builtInPlugin = 'velero.io/aws'

/** The full name of a plugin. Source: pkg/plugin/clientmgmt/manager.go of Velero. */
export const fullPluginName = (provider: string): string =>
  provider.includes('/') ? provider : `velero.io/${provider}`

/** Checks what each location needs, with Velero's words. Source: pkg/persistence/object_store.go. */
export function readPlace(location: BackupStorageLocation): LocationPlace {
  const { objectStorage, provider } = location.spec
  if (objectStorage === undefined || objectStorage === null)
    throw invalid('backup storage location does not use object storage')
  if (!provider) throw invalid('object storage provider name must not be empty')
  return {
    bucket: checkBucket(objectStorage.bucket ?? ''),
    prefix: trimSlashes(objectStorage.prefix ?? ''),
    plugin: fullPluginName(provider),
  }
}

/** Checks a location's spec by the rules of Velero and its AWS plugin, and with their words. */
export function readLocation(location: BackupStorageLocation): LocationSettings {
  const { bucket, prefix, plugin } = readPlace(location)
  checkPlugin(plugin, location.metadata.name)
  const config = location.spec.config ?? {}
  checkKeys(config)
  checkCustomerKeys(config)
  checkFiles(config)
  const forcePathStyle = readBool(config, 's3ForcePathStyle')
  const insecureSkipTlsVerify = readBool(config, 'insecureSkipTLSVerify')
  return {
    bucket,
    prefix,
    region: text(config, 'region'),
    endpoint: readUrl(config, 's3Url'),
    publicEndpoint: readUrl(config, 'publicUrl'),
    forcePathStyle,
    insecureSkipTlsVerify,
    profile: text(config, 'profile'),
    customerKeySecret: text(config, 'customerKeyEncryptionSecret'),
    upload: readUpload(config),
    warnings: ignored(config),
  }
}

type Config = Readonly<Record<string, string>>

/** In the plugin's own order, which its message repeats. `signatureVersion` and `enableSharedConfig` have no effect there either. */
const validKeys: readonly string[] = [
  'region',
  's3Url',
  'publicUrl',
  'kmsKeyId',
  'customerKeyEncryptionFile',
  'customerKeyEncryptionSecret',
  's3ForcePathStyle',
  'signatureVersion',
  'credentialsFile',
  'profile',
  'serverSideEncryption',
  'insecureSkipTLSVerify',
  'enableSharedConfig',
  'tagging',
  'checksumAlgorithm',
  'bucket',
  'prefix',
  'caCert',
]

function checkKeys(config: Config): void {
  const invalidKeys = Object.keys(config).filter((key) => !validKeys.includes(key))
  if (invalidKeys.length === 0) return
  throw invalid(`config has invalid keys [${invalidKeys.sort().join(' ')}]; valid keys are [${validKeys.join(' ')}]`)
}

function checkBucket(given: string): string {
  const bucket = trimSlashes(given)
  if (bucket.includes('/')) {
    throw invalid(
      `backup storage location's bucket name ${JSON.stringify(given)} must not contain a '/' (if using a prefix, put it in the 'Prefix' field instead)`,
    )
  }
  if (bucket === '') throw invalid(`backup storage location's bucket name must not be empty`)
  return bucket
}

function checkPlugin(plugin: string, location: string): void {
  if (plugin === builtInPlugin) return
  throw new StoreError(
    'plugin',
    `unable to locate ObjectStore plugin named ${plugin}: BackupStorageLocation ${JSON.stringify(location)} needs it, and only a worker runs plugins`,
  )
}

function checkCustomerKeys(config: Config): void {
  const used = ['kmsKeyId', 'customerKeyEncryptionFile', 'customerKeyEncryptionSecret'].filter((key) =>
    text(config, key),
  )
  if (used.length > 1) {
    throw invalid('you can only use one of: kmsKeyId, customerKeyEncryptionFile, or customerKeyEncryptionSecret')
  }
}

/** Whoever may write a location must not read files of this worker through it. */
export function checkFiles(config: Readonly<Record<string, string>>): void {
  if (text(config, 'customerKeyEncryptionFile') === undefined) return
  throw invalid(
    "config has customerKeyEncryptionFile, which names a file on the worker's own disk and is not read: put the key into a Secret and name it in customerKeyEncryptionSecret",
  )
}

/** What is told of a location that names a file with credentials. */
export const ignoredCredentialsFile =
  "config has credentialsFile, which names a file on the worker's own disk and is ignored: put the credentials into a Secret and name it in spec.credential"

/** Velero has removed `credentialsFile` from what a location may set, for the same reason (10254). */
function ignored(config: Config): string[] {
  return text(config, 'credentialsFile') === undefined ? [] : [ignoredCredentialsFile]
}

function readUpload(config: Config): UploadSettings {
  const upload: UploadSettings = {}
  const kmsKeyId = text(config, 'kmsKeyId')
  const encryption = text(config, 'serverSideEncryption')
  const hasCustomerKey = text(config, 'customerKeyEncryptionSecret')
  if (kmsKeyId !== undefined) Object.assign(upload, { ServerSideEncryption: 'aws:kms', SSEKMSKeyId: kmsKeyId })
  else if (encryption !== undefined && hasCustomerKey === undefined)
    upload.ServerSideEncryption = encryption as ServerSideEncryption
  const tagging = text(config, 'tagging')
  if (tagging !== undefined) upload.Tagging = checkTagging(tagging)
  const checksum = config['checksumAlgorithm'] ?? 'CRC32'
  if (checksum === '') return upload
  if (!Object.values<string>(ChecksumAlgorithm).includes(checksum))
    throw invalid(`invalid checksum algorithm: ${checksum}`)
  upload.ChecksumAlgorithm = checksum as ChecksumAlgorithm
  return upload
}

/** The spellings that Go takes for a bool. */
function readBool(config: Config, key: string): boolean {
  const value = text(config, key)
  if (value === undefined) return false
  if (['1', 't', 'T', 'true', 'TRUE', 'True'].includes(value)) return true
  if (['0', 'f', 'F', 'false', 'FALSE', 'False'].includes(value)) return false
  throw invalid(
    `could not parse ${key} (expected bool): strconv.ParseBool: parsing ${JSON.stringify(value)}: invalid syntax`,
  )
}

function readUrl(config: Config, key: string): string | undefined {
  const value = text(config, key)
  if (value === undefined) return undefined
  const url = URL.parse(value)
  if (
    url !== null &&
    (url.protocol === 'http:' || url.protocol === 'https:') &&
    url.username === '' &&
    url.password === ''
  ) {
    return value
  }
  throw invalid(
    `Invalid s3 url ${withoutUserInfo(value)}, URL must be valid according to https://golang.org/pkg/net/url/#Parse and start with http:// or https://, without credentials (config key ${key})`,
  )
}

function withoutUserInfo(url: string): string {
  return url.replace(/\/\/[^/]*@/, '//')
}

/** Velero's plugin does not tell an empty value from an absent one. */
function text(config: Config, key: string): string | undefined {
  return config[key] || undefined
}

function trimSlashes(value: string): string {
  return value.replace(/^\/+|\/+$/g, '')
}

function invalid(message: string): StoreError {
  return new StoreError('location', message)
}

/** Checks the config key `tagging` (`a=1&b=2`) as Velero's AWS plugin does, quirks and words included. */
function checkTagging(tagging: string): string {
  const tags = tagging.split('&')
  if (tags.length === 1) throw invalid('Tags are not seperated with an &')
  if (tags.length > 10) throw invalid('Aws S3 allows only ten tags per object')
  for (const tag of tags) {
    const [key = '', value, ...rest] = tag.split('=')
    if (value === undefined || rest.length > 0) throw invalid('invalid tags provided')
    if (Array.from(key).length > 128)
      throw invalid('An S3 tag key can not be more than 128 Unicode characters in length')
    if (Array.from(value).length > 248)
      throw invalid('An S3 tag values can not be more 256 Unicode characters in length')
  }
  return tagging
}
