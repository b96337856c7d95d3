import type { Cluster, Stores } from '../../../activities/ports.ts'
import { PluginError, StoreError } from '../../../core/port-errors.ts'
import { sha256Hex } from '../../../core/values/derived-names.ts'
import type { BackupStorageLocation } from '../../../velero/backup.ts'
import { readCaCert, readSecretKey } from '../../store/location-secrets.ts'
import type { SecretSource } from '../../store/location-secrets.ts'
import {
  builtInPlugin,
  checkFiles,
  fullPluginName,
  ignoredCredentialsFile,
  readPlace,
} from '../../store/location-settings.ts'
import { once } from '../../store/open-store.ts'
import { createCredentialFiles } from '../credentials-file.ts'
import type { CredentialFiles } from '../credentials-file.ts'
import type { BinaryOptions } from '../plugin-binary.ts'
import { notFound } from '../registry.ts'
import type { PluginRegistry } from '../registry.ts'
import { createUsedBinary, keptByUse } from '../used-binary.ts'
import type { UsedBinary } from '../used-binary.ts'
import { createPluginStore } from './plugin-store.ts'
import { storeMethods } from './store-protocol.ts'
import { createWriteClaims } from './write-claims.ts'

/** How backup locations are opened. */
export interface ObjectStoresOptions extends BinaryOptions {
  cluster: Pick<Cluster, 'create' | 'get' | 'remove'>
  veleroNamespace: string
  /** Opens the locations that need no plugin. */
  builtIn: Stores
  /** Providers that a plugin serves although Drydock could do it itself. */
  providers: readonly string[]
  /** Where downloads lie for a while, and how large one may be. */
  spool: { dir: string; bytesMax: number }
}

/** The backup locations of a worker, until they are closed. */
export interface RunningStores extends Stores {
  /** Ends all processes, and removes the files with credentials. */
  close(): Promise<void>
}

/**
 * Opens backup locations: those of provider `aws` directly, others by the ObjectStore plugin of that name. A plugin knows one
 * configuration at a time, so each has processes of its own. Secrets are read afresh by each `open`: with
 * other credentials a location has other processes. Source: pkg/persistence/object_store.go of Velero.
 */
export function createObjectStores(registry: PluginRegistry, options: ObjectStoresOptions): RunningStores {
  const { cluster, veleroNamespace: namespace, builtIn, spool } = options
  const hosted = new Set(options.providers.map(fullPluginName))
  const claims = createWriteClaims(cluster, namespace)
  const files = createCredentialFiles()
  const warn = once((message) => options.log.warn(message))
  const used = keptByUse<Record<'binary' | 'downloads', UsedBinary>>(({ binary, downloads }) =>
    Promise.all([binary.close(), downloads.close()]),
  )

  async function binariesOf(plugin: string, config: Record<string, string>) {
    const binary = (await registry.all('ObjectStore')).find(({ name }) => name === plugin)?.binary
    if (binary === undefined) throw notFound('ObjectStore', plugin, registry.dir)
    const key = JSON.stringify([binary.path, plugin, sorted(config)])
    const create = () => createUsedBinary(storeMethods.init, { plugin, config }, { path: binary.path, options })
    return used.use(key, () => ({ binary: create(), downloads: create() }))
  }

  return {
    async open(location) {
      const { bucket, prefix, plugin } = readPlace(location)
      if (plugin === builtInPlugin && !hosted.has(plugin)) return builtIn.open(location)
      const place = { plugin, bucket, location: location.metadata.name }
      const config = await configOf(location, { secrets: { cluster, namespace }, files, warn })
      try {
        const { credentialsFile: _, ...known } = config
        return createPluginStore({
          id: [plugin, sha256Hex(JSON.stringify(sorted(known))).slice(0, 8), bucket, prefix].filter(Boolean).join('/'),
          place,
          root: prefix === '' ? '' : `${prefix}/`,
          ...(await binariesOf(plugin, config)),
          claims,
          spool,
        })
      } catch (thrown) {
        if (!(thrown instanceof PluginError)) throw thrown
        throw new StoreError('location', `${thrown.message}: BackupStorageLocation "${place.location}" needs it`)
      }
    },
    async close() {
      await used.closeAll()
      await files.close()
    },
  }
}

const sorted = (config: Record<string, string>) => Object.entries(config).sort(([a], [b]) => (a < b ? -1 : 1))

/** What `Init` gets: the location's config, bucket and prefix, its certificates, and a file with its credentials. */
export async function configOf(
  location: BackupStorageLocation,
  { secrets, files, warn }: { secrets: SecretSource; files: CredentialFiles; warn: (message: string) => void },
): Promise<Record<string, string>> {
  const { metadata, spec } = location
  const { credentialsFile, ...given } = spec.config ?? {}
  checkFiles(given)
  if (credentialsFile !== undefined) warn(`backup location ${JSON.stringify(metadata.name)}: ${ignoredCredentialsFile}`)
  const { bucket, prefix } = readPlace(location)
  const config: Record<string, string> = { ...given, bucket, prefix }
  const caCert = await readCaCert(location, secrets)
  if (caCert !== undefined) config['caCert'] = caCert
  if (spec.credential === undefined) return config
  try {
    const credentials = await readSecretKey(secrets, spec.credential)
    return { ...config, credentialsFile: await files.write(credentials) }
  } catch (thrown) {
    if (!(thrown instanceof StoreError)) throw thrown
    throw new StoreError(thrown.kind, `unable to get credentials: ${thrown.message}`, { cause: thrown })
  }
}
