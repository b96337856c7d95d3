import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { formatGoDuration } from '../core/values/go-duration.ts'
import {
  readChoice,
  readAddress,
  readConfigMapName,
  readName,
  readNumber,
  readSeconds,
} from './settings/read-values.ts'
import type { Env } from './settings/read-values.ts'
import { readUsers } from './settings/read-users.ts'
import { readNotify } from './settings/read-notify.ts'
import type { NotifyReceiver } from './settings/read-notify.ts'
import { parsePriorities } from '../core/plan/order-resources.ts'
import { highPriorities, itemOperationTimeout, lowPriorities } from '../velero/defaults.ts'
import type { Settings } from '../activities/settings.ts'
import { tracingProblems } from '../infra/traces/is-tracing-asked.ts'

/** All settings of a worker. */
export interface WorkerConfig {
  settings: Settings
  kubeconfig: string | undefined
  context: string | undefined
  /** A file with the bundled code of the workflows; without it the worker bundles them at its start. */
  workflowBundle: string | undefined
  codecKeysFile: string | undefined
  cacheDir: string
  cacheBytesMax: number
  inflatedBytesMax: number
  itemBytesMax: number
  entriesMax: number
  indexBytesMax: number
  chunksMax: number
  restoresCachedMax: number
  freeBytesMin: number
  connectionsMax: number
  shutdownGraceSeconds: number
  /** How long Temporal and the API server may be unavailable when the worker starts. */
  startTimeoutSeconds: number
  /** Where health checks and metrics are served; undefined where they are not. */
  http: HttpAddress | undefined
  logLevel: 'debug' | 'info' | 'warn' | 'error'
  logFormat: 'json' | 'pretty'
  /** Whether a Velero server runs and does its other work; `auto` looks at Deployment `velero`. */
  veleroServer: 'auto' | 'present' | 'absent'
  /** `--store-validation-frequency` and `--backup-sync-period`, where no Velero server runs. */
  validationFrequencySeconds: number
  backupSyncPeriodSeconds: number
  /** Whether expired backups are deleted, where no Velero server runs. */
  expireBackups: boolean
  /** Which version of which deployment the worker is; undefined without Worker Versioning. */
  versioning: Versioning | undefined
  /** The host's name, from which the worker's own is made. */
  host: string
  plugins: PluginSettings
  /** Where notifications go; undefined where nobody is notified. */
  receiver: NotifyReceiver | undefined
}

/** Where Velero's plugins are, and how they are called. */
export interface PluginSettings {
  dir: string
  callTimeoutSeconds: number
  /** Calls to one process at once. */
  callsMax: number
  /** Providers of backup locations that a plugin serves although Drydock could do it itself. */
  storeProviders: readonly string[]
}

/** Temporal's Worker Versioning: the worker is a version of a deployment, and takes the restores of that version. */
export interface Versioning {
  deployment: string
  buildId: string
  /** What a restore does when another version becomes the current one: continue there, or end on its own version. */
  behavior: 'AUTO_UPGRADE' | 'PINNED'
}

/** Where the worker serves health checks and metrics. */
export interface HttpAddress {
  host: string
  port: number
  /** It was not set: another port will do. */
  isDefault: boolean
}

/** All problems of the environment, not only the first. */
export class ConfigErrors extends Error {
  override readonly name = 'ConfigErrors'
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(
      `the configuration has ${problems.length === 1 ? 'an error' : `${problems.length} errors`}:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`,
    )
    this.problems = problems
  }
}

/** Near Velero's 8085, and reachable from this machine only: metrics hold names of schedules and kinds. */
const defaultHttpAddress = '127.0.0.1:8086'

const gib = 1024 ** 3

/** One setting: its environment variable, default and bounds. `docs/settings.md` is this table in words. */
const numbers = {
  chunkItemsMax: { name: 'DRYDOCK_CHUNK_ITEMS', fallback: 750, min: 1, max: 5000 },
  chunkBytesMax: { name: 'DRYDOCK_CHUNK_BYTES', fallback: 8 * 1024 * 1024, min: 1024, max: gib },
  checkpointItems: { name: 'DRYDOCK_CHECKPOINT_ITEMS', fallback: 250, min: 1, max: 5000 },
  itemsInFlightMax: { name: 'DRYDOCK_ITEMS_IN_FLIGHT', fallback: 32, min: 1, max: 1000 },
  restoresMax: { name: 'DRYDOCK_RESTORES_MAX', fallback: 50, min: 1, max: 1000 },
  chunksMax: { name: 'DRYDOCK_CHUNKS_MAX', fallback: 16, min: 1, max: 500 },
  lanes: { name: 'DRYDOCK_CHUNKS_PER_RESTORE', fallback: 4, min: 1, max: 200 },
  connectionsMax: { name: 'DRYDOCK_CONNECTIONS', fallback: 64, min: 4, max: 2000 },
  cacheBytesMax: { name: 'DRYDOCK_ARCHIVE_BYTES', fallback: 20 * gib, min: 1024 * 1024, max: 10_000 * gib },
  inflatedBytesMax: { name: 'DRYDOCK_INFLATED_BYTES', fallback: 20 * gib, min: 1024, max: 10_000 * gib },
  itemBytesMax: { name: 'DRYDOCK_ITEM_BYTES', fallback: 64 * 1024 * 1024, min: 1024, max: gib },
  entriesMax: { name: 'DRYDOCK_ENTRIES', fallback: 5_000_000, min: 1, max: 100_000_000 },
  indexBytesMax: { name: 'DRYDOCK_INDEX_BYTES', fallback: 512 * 1024 * 1024, min: 1024, max: 100 * gib },
  restoresCachedMax: { name: 'DRYDOCK_RESTORES_CACHED', fallback: 200, min: 1, max: 10_000 },
  freeBytesMin: { name: 'DRYDOCK_FREE_BYTES', fallback: 256 * 1024 * 1024, min: 0, max: 10_000 * gib },
  pluginCallsMax: { name: 'DRYDOCK_PLUGIN_CALLS', fallback: 1, min: 1, max: 100 },
  shutdownGraceSeconds: { name: 'DRYDOCK_SHUTDOWN_GRACE_SECONDS', fallback: 60, min: 0, max: 3600 },
} as const

type NumberKey = keyof typeof numbers

/** Reads the environment. Throws `ConfigErrors` with every problem there is. */
export function readConfig(env: Readonly<Record<string, string | undefined>>): WorkerConfig {
  const problems: string[] = []
  const number = (key: NumberKey) => readNumber(env, numbers[key], problems)
  const seconds = (name: string, fallback: string) => readSeconds(env, name, fallback, problems)
  const choice = <T extends string>(name: string, options: readonly T[], fallback: T) =>
    readChoice(env, { name, options, fallback }, problems)
  const chunksMax = number('chunksMax')
  const { notify, receiver } = readNotify(env, problems)
  const config: WorkerConfig = {
    settings: {
      veleroNamespace: readName(env, 'VELERO_NAMESPACE', 'velero', problems),
      chunkItemsMax: number('chunkItemsMax'),
      chunkBytesMax: number('chunkBytesMax'),
      lanes: number('lanes'),
      checkpointItems: number('checkpointItems'),
      itemsInFlightMax: number('itemsInFlightMax'),
      hookRunsMax: hookSlotsOf({ chunksMax }),
      restoresMax: number('restoresMax'),
      lockTimeoutSeconds: seconds('DRYDOCK_LOCK_TIMEOUT', '24h'),
      resourceTimeoutSeconds: seconds('DRYDOCK_RESOURCE_TIMEOUT', '10m'),
      itemDeadlineSeconds: seconds('DRYDOCK_ITEM_DEADLINE', '10m'),
      locationTimeoutSeconds: seconds('DRYDOCK_LOCATION_TIMEOUT', '2m'),
      terminatingTimeoutSeconds: seconds('DRYDOCK_TERMINATING_RESOURCE_TIMEOUT', '10m'),
      itemOperationTimeout: formatGoDuration(seconds('DRYDOCK_ITEM_OPERATION_TIMEOUT', itemOperationTimeout) * 1000),
      itemOperationSyncSeconds: seconds('DRYDOCK_ITEM_OPERATION_SYNC', '10s'),
      podVolumeTimeoutSeconds: seconds('DRYDOCK_FS_BACKUP_TIMEOUT', '4h'),
      defaultModifiers: readConfigMapName(env, 'DRYDOCK_DEFAULT_RESOURCE_MODIFIER_CONFIGMAP', problems),
      features: readList(env, 'DRYDOCK_FEATURES'),
      managedFields: choice('DRYDOCK_MANAGED_FIELDS', ['exact', 'owners'], 'owners'),
      polite: choice('DRYDOCK_POLITE', ['true', 'false'], 'false') === 'true',
      reportUrl: readAddress(env, 'DRYDOCK_REPORT_URL', problems),
      priorities: readPriorities(env, problems),
      notify,
      ...readUsers(env, problems),
      validate: choice('DRYDOCK_VALIDATE', ['true', 'false'], 'false') === 'true',
      veleroControllers: choice('DRYDOCK_VELERO_CONTROLLERS', ['auto', 'on', 'off'], 'auto'),
    },
    ...readFileNames(env),
    // A folder of its own: the one that is given may be a volume that belongs to root, or one for all users.
    cacheDir: join(env['DRYDOCK_ARCHIVE_DIR'] ?? tmpdir(), `drydock-archives-${process.getuid?.() ?? 'worker'}`),
    ...readArchiveBounds(number),
    chunksMax,
    connectionsMax: number('connectionsMax'),
    restoresCachedMax: number('restoresCachedMax'),
    freeBytesMin: number('freeBytesMin'),
    shutdownGraceSeconds: number('shutdownGraceSeconds'),
    startTimeoutSeconds: seconds('DRYDOCK_START_TIMEOUT', '30s'),
    http: readHttpAddress(env, problems),
    logLevel: choice('DRYDOCK_LOG_LEVEL', ['debug', 'info', 'warn', 'error'], 'info'),
    logFormat: choice('DRYDOCK_LOG_FORMAT', ['json', 'pretty'], 'json'),
    ...readServerWork(env, problems),
    versioning: readVersioning(env, problems),
    host: env['DRYDOCK_WORKER_NAME'] ?? env['HOSTNAME'] ?? hostname(),
    plugins: readPlugins(env, problems),
    receiver,
  }
  problems.push(...tracingProblems(env))
  if (problems.length > 0) throw new ConfigErrors(problems)
  return config
}

function readFileNames(env: Env): Pick<WorkerConfig, 'kubeconfig' | 'context' | 'codecKeysFile' | 'workflowBundle'> {
  return {
    kubeconfig: env['KUBECONFIG'] === '' ? undefined : env['KUBECONFIG'],
    context: env['DRYDOCK_KUBE_CONTEXT'],
    codecKeysFile: env['DRYDOCK_CODEC_KEYS_FILE'] || undefined,
    workflowBundle: env['DRYDOCK_WORKFLOW_BUNDLE'] === '' ? undefined : env['DRYDOCK_WORKFLOW_BUNDLE'],
  }
}

/** How the work of an absent Velero server is done. */
function readServerWork(env: Env, problems: string[]) {
  const choice = <T extends string>(name: string, options: readonly T[], fallback: T) =>
    readChoice(env, { name, options, fallback }, problems)
  return {
    veleroServer: choice('DRYDOCK_WITHOUT_VELERO', ['auto', 'present', 'absent'], 'auto'),
    validationFrequencySeconds: readSeconds(env, 'DRYDOCK_STORE_VALIDATION_FREQUENCY', '1m', problems),
    backupSyncPeriodSeconds: readSeconds(env, 'DRYDOCK_BACKUP_SYNC_PERIOD', '1m', problems),
    expireBackups: choice('DRYDOCK_EXPIRE_BACKUPS', ['true', 'false'], 'false') === 'true',
  }
}

function readArchiveBounds(number: (key: NumberKey) => number) {
  return {
    cacheBytesMax: number('cacheBytesMax'),
    inflatedBytesMax: number('inflatedBytesMax'),
    itemBytesMax: number('itemBytesMax'),
    entriesMax: number('entriesMax'),
    indexBytesMax: number('indexBytesMax'),
  }
}

function readPlugins(env: Env, problems: string[]): PluginSettings {
  return {
    dir: env['DRYDOCK_PLUGIN_DIR'] || '/plugins',
    callTimeoutSeconds: readSeconds(env, 'DRYDOCK_PLUGIN_TIMEOUT', '10m', problems),
    callsMax: readNumber(env, numbers.pluginCallsMax, problems),
    storeProviders: readList(env, 'DRYDOCK_STORE_PLUGINS'),
  }
}

function readList(env: Env, name: string): string[] {
  const words = (env[name] ?? '').split(',').map((word) => word.trim())
  return words.filter((word) => word !== '')
}

/** The names may stand in one text with a dot or a colon between them, so that a deployment has neither. */
function readVersioning(env: Env, problems: string[]): Versioning | undefined {
  const buildId = env['DRYDOCK_BUILD_ID'] ?? ''
  const deployment = env['DRYDOCK_DEPLOYMENT'] || 'drydock'
  const options = ['auto-upgrade', 'pinned'] as const
  const behavior = readChoice(env, { name: 'DRYDOCK_VERSIONING', options, fallback: 'auto-upgrade' }, problems)
  if (!/^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$/.test(deployment))
    problems.push(`DRYDOCK_DEPLOYMENT is "${deployment}": it takes up to 100 letters, digits, "-" and "_"`)
  if (!/^[A-Za-z0-9_.+-]{0,100}$/.test(buildId))
    problems.push(`DRYDOCK_BUILD_ID is "${buildId}": it takes up to 100 letters, digits, "-", "_", "." and "+"`)
  if (buildId === '') return undefined
  return { deployment, buildId, behavior: behavior === 'pinned' ? 'PINNED' : 'AUTO_UPGRADE' }
}

function readPriorities(env: Env, problems: string[]): Settings['priorities'] {
  const text = env['DRYDOCK_RESTORE_RESOURCE_PRIORITIES']
  if (text === undefined || text === '') return { high: highPriorities, low: lowPriorities }
  const parsed = parsePriorities(text)
  if (!('error' in parsed)) return parsed
  problems.push(`DRYDOCK_RESTORE_RESOURCE_PRIORITIES: ${parsed.error}`)
  return { high: highPriorities, low: lowPriorities }
}

function readHttpAddress(env: Env, problems: string[]): HttpAddress | undefined {
  const asked = env['DRYDOCK_HTTP_ADDRESS']
  const text = asked === undefined || asked === '' ? defaultHttpAddress : asked
  if (text === 'off') return undefined
  const parsed = parseHttpAddress(text)
  if (parsed !== undefined) return { ...parsed, isDefault: text === defaultHttpAddress }
  problems.push(`DRYDOCK_HTTP_ADDRESS is "${text}": it takes host:port, :port or off`)
  return undefined
}

/** Reads `host:port`, `[::1]:port`, or `:port` for all addresses; undefined for anything else. */
function parseHttpAddress(text: string): Omit<HttpAddress, 'isDefault'> | undefined {
  const found = /^(?:\[([0-9a-fA-F:.]+)\]|([^\s:[\]/]*)):(\d{1,5})$/.exec(text)
  const port = Number(found?.[3])
  if (found === null || port > 65_535) return undefined
  const host = found[1] ?? found[2] ?? ''
  return { host: host === '' ? '0.0.0.0' : host, port }
}

/**
 * Activities that a worker runs at once: chunks, as many others as keep it busy, and those that run commands of hooks. Each of
 * these may take as long as its user wants, so they have slots of their own: the others keep theirs, however many run.
 */
export function slotsOf(config: Pick<WorkerConfig, 'chunksMax'>): number {
  return otherSlotsOf(config) + hookSlotsOf(config)
}

function otherSlotsOf({ chunksMax }: Pick<WorkerConfig, 'chunksMax'>): number {
  return chunksMax + 16
}

/** Of one more the look ends at once, and another worker may take it. */
function hookSlotsOf(config: Pick<WorkerConfig, 'chunksMax'>): number {
  return otherSlotsOf(config)
}
