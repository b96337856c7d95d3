import type { Readable } from 'node:stream'
import type {
  PluginAction,
  PluginAnswer,
  PluginInput,
  PluginProgress,
  PluginSelector,
} from '../core/actions/plugin-action.ts'
import type { Outcome } from '../core/items/outcome.ts'
import type { BackupStorageLocation } from '../velero/backup.ts'
import type { Manifest } from '../velero/manifest.ts'
import type { RestorePhase } from '../velero/phases.ts'
import type { ItemAddress, ObjectRef, ResourceRef } from '../velero/resource.ts'
import type { ActsAs, MayActAs, MayBeOfDrydock } from './acting-port.ts'
import type { Archive } from './archive-port.ts'
import type { Presence } from './presence-port.ts'
import type { Snapshotters } from './snapshotter-port.ts'
import type { Webhook } from './webhook-port.ts'

export type { Presence } from './presence-port.ts'

/**
 * Everything outside of the activities that they use. `infra/` implements it, `worker/wire.ts` puts it together,
 * `test/ports` has it in memory. Only calls that are used are here.
 */
export interface Ports {
  cluster: Cluster
  stores: Stores
  archives: Archives
  presence: Presence
  exec: PodExec
  clock: Clock
  log: Log
  /** Absent where there are no metrics. */
  meter?: Meter
  /** Absent where there are no plugins. */
  plugins?: Plugins
  /** Absent where there are no plugins. */
  snapshotters?: Snapshotters
  /** Absent where there are no plugins. */
  deleteActions?: DeleteActions
  /** Absent where nobody is notified. */
  webhook?: Webhook
}

/** The target cluster. Every failure is thrown as `ApiError`; nothing is retried here. */
export interface Cluster extends ActsAs<Cluster> {
  /** The uid of namespace `kube-system`: which cluster this is (rule 3). */
  readonly id: string
  /** Reads one object, uncached; undefined where it (or its kind) is not there. */
  get(ref: ObjectRef): Promise<Manifest | undefined>
  /** Reads all objects of a resource, in pages; an unknown resource is an `ApiError` 404. */
  list(resource: ResourceRef, options?: ListOptions): Promise<Manifest[]>
  /**
   * Reads the objects of these names, of a collection of which everything is read in small pages; undefined where a bound is met: it has
   * more than `objectsMax` objects, or the time is over. An unknown resource is an `ApiError` 404.
   */
  listNamed(resource: ResourceRef, namespace: string | undefined, bounds: NamedBounds): Promise<Manifest[] | undefined>
  /** Creates an object; `namespace` is undefined for cluster-scoped ones. */
  create(
    resource: ResourceRef,
    namespace: string | undefined,
    manifest: object,
    options: WriteOptions,
  ): Promise<Manifest>
  /** Changes an object by a JSON merge patch (RFC 7386); a `metadata.resourceVersion` in it makes it conditional. */
  patch(ref: ObjectRef, patch: unknown, options: PatchOptions): Promise<Manifest>
  /** Replaces the status subresource. */
  replaceStatus(ref: ObjectRef, manifest: object, options: WriteOptions): Promise<Manifest>
  /** Deletes an object and returns its last state; undefined where it was not there. */
  remove(ref: ObjectRef, options?: RemoveOptions): Promise<Manifest | undefined>
  /** Reads which resources the cluster serves. A group whose own server is away is left out, and told to `unread`. */
  discover(unread?: (group: string) => void): Promise<DiscoveredResource[]>
}

export interface ListOptions {
  /** All namespaces where it is absent. */
  namespace?: string
  labelSelector?: string
  /** Reads only `metadata` of the objects. */
  metadataOnly?: boolean
  /** Accepts a state from the server's cache; without it the newest state is read. */
  cached?: boolean
}

export interface NamedBounds {
  names: ReadonlySet<string>
  objectsMax: number
  /** Asked before each page but the first: where it says true, no more is read, and the answer is undefined. */
  isOver?: () => boolean
}

export interface WriteOptions extends MayBeOfDrydock {
  fieldManager: string
  /**
   * `short`: given up after some seconds, then the `ApiError` says `outOfTime`. `long`: may take as long as the API server
   * lets any write take. Without it, short first and then long: an admission webhook may be asked twice.
   */
  deadline?: 'short' | 'long'
  /** The server checks the write as any other, and keeps nothing of it. */
  dryRun?: true
  /**
   * `identity`: of the answer only name, namespace, uid and resourceVersion in `metadata` are of use. The rest may be absent, and apiVersion
   * and kind may be those of an answer with metadata alone. It spares both sides the work on the rest.
   * `metadata`: the same, but all of `metadata` is there.
   */
  answer?: 'identity' | 'metadata' | undefined
}

export interface PatchOptions extends WriteOptions {
  subresource?: 'status'
}

export interface RemoveOptions extends MayBeOfDrydock {
  /** Only the object with this uid. */
  uid?: string | undefined
  /** Only the object as it was then. */
  resourceVersion?: string | undefined
  /** `Foreground`: it stands until what it owns is gone. `Background`: that goes later. Without it: as is usual for the kind. */
  propagation?: 'Foreground' | 'Background'
  /** The server checks the delete as any other, and removes nothing. */
  dryRun?: true
}

/** One resource of the API server at one version. */
export interface DiscoveredResource extends ResourceRef {
  kind: string
  namespaced: boolean
  singular: string
  shortNames: readonly string[]
  verbs: readonly string[]
  /** Whether this version is the group's preferred one. */
  preferred: boolean
  /** Whether it has the subresource `status`. */
  hasStatus: boolean
}

/** Opens backup storage locations. */
export interface Stores {
  /**
   * Reads the location's credentials and opens its bucket; no request to the bucket is made.
   * Throws `StoreError` with Velero's text where the location cannot be used.
   */
  open(location: BackupStorageLocation): Promise<ObjectStore>
}

/** A bucket under a location's prefix. Failures are thrown as `StoreError`, which names key and cause but no credential. */
export interface ObjectStore {
  /** Endpoint, bucket and prefix as one text: equal for equal places. */
  readonly id: string
  /** Size and ETag; undefined where the object is not there. */
  head(key: string): Promise<ObjectInfo | undefined>
  /** The whole object; undefined where it is not there. */
  get(key: string): Promise<Buffer | undefined>
  /** The object as a stream. With an `etag`, another version of it is a `StoreError` of kind `changed`. */
  stream(key: string, options?: { etag?: string }): Promise<{ info: ObjectInfo; body: Readable }>
  /**
   * Writes the whole object. With `onlyIfAbsent` it writes nothing and returns false where there is one. `contentType` is for
   * browsers, where the store keeps it. `assertMayWrite` is asked when a request goes out; what it throws is thrown.
   */
  put(
    key: string,
    body: Buffer,
    options?: { onlyIfAbsent?: boolean; contentType?: string; assertMayWrite?: () => void },
  ): Promise<boolean>
  /** All keys under a prefix, sorted. */
  list(prefix: string): Promise<string[]>
  /** The first path segments under the location's prefix, or under a folder of it (with its slash), sorted. */
  folders(under?: string): Promise<string[]>
  /** Removes objects; a missing one is no error. */
  remove(keys: readonly string[]): Promise<void>
  /** A URL from which anyone can read the object for so many seconds. */
  presign(key: string, seconds: number): Promise<string>
}

export interface ObjectInfo {
  etag: string
  sizeBytes: number
}

/** Backup archives, indexed once on the worker's disk and shared by restores (rule 10). */
export interface Archives {
  /**
   * Streams the tarball `key` of that store into the cache, or finds it there, and opens its index.
   * With an `etag`, another tarball is refused. Throws `ArchiveError`, or `StoreError` for failures of the bucket.
   * `onProgress` is called with the bytes read so far, at least once a second.
   */
  open(
    store: ObjectStore,
    key: string,
    options: { etag?: string; signal?: AbortSignal; onProgress?: (bytes: number) => void },
  ): Promise<Archive>
}

/** Runs commands in containers, for hooks. */
export interface PodExec {
  /** Sends the command once and waits for its end. Rejects only with the signal's reason; the command may still run then. */
  run(command: ContainerCommand, options: ExecOptions): Promise<ExecAnswer>
}

export interface ContainerCommand {
  namespace: string
  pod: string
  container: string
  command: readonly string[]
}

export interface ExecOptions extends MayActAs {
  timeoutMs: number
  signal: AbortSignal
}

export type ExecAnswer =
  /** An empty problem is exit code 0; otherwise the text of Kubernetes' own client. Outputs are cut at a bound. */
  | { do: 'ended'; problem: string; stdout: string; stderr: string }
  /** The command has certainly not run: it may be sent again. */
  | { do: 'not-begun'; because: string }

export interface Clock {
  now(): Date
  sleep(ms: number, signal?: AbortSignal): Promise<void>
  /** By chance from half of a pause to all of it: who began to wait together does not go on together. */
  spread(ms: number): number
}

/** Structured log of the worker. Never a manifest, never a secret. */
export interface Log {
  debug(message: string, fields?: Record<string, unknown>): void
  info(message: string, fields?: Record<string, unknown>): void
  warn(message: string, fields?: Record<string, unknown>): void
  error(message: string, fields?: Record<string, unknown>): void
}

/** Metrics of the activities. Labels are kinds, outcomes, phases, schedules and drills: never the name of an object. */
export interface Meter {
  /** A new Restore was validated, with any result. `schedule` is `spec.scheduleName` after validation. */
  restoreAttempted(schedule: string): void
  /** This worker wrote a terminal phase. */
  restoreEnded(phase: RestorePhase, schedule: string): void
  /** Items of a kind were journalled with these outcomes. */
  itemsDone(groupResource: string, outcomes: readonly Pick<Outcome, 'action' | 'messages'>[]): void
  /** A drill is over. Drills are as few as schedules are. */
  drillEnded(drill: string, ok: boolean): void
}

/**
 * Velero's plugins on this worker. Every failure is a `PluginError`; a call whose signal is aborted rejects with the signal's
 * reason. An action is named by what its plugin registers. `restore` is the Restore as an object.
 */
export interface Plugins {
  /** The RestoreItemActions of all binaries in Velero's order: by path, then those of interface v1, then by name. */
  restoreItemActions(signal: AbortSignal): Promise<readonly PluginAction[]>
  appliesTo(action: string, signal: AbortSignal): Promise<PluginSelector>
  execute(action: string, input: PluginInput, signal: AbortSignal): Promise<PluginAnswer>
  areItemsReady(action: string, asked: AskedItems, signal: AbortSignal): Promise<boolean>
  progress(action: string, asked: AskedOperation, signal: AbortSignal): Promise<PluginProgress>
  cancel(action: string, asked: AskedOperation, signal: AbortSignal): Promise<void>
}

/** The DeleteItemActions of Velero's plugins on this worker. They fail as {@link Plugins} do. */
export interface DeleteActions {
  /** The names of all of them, in Velero's order. */
  names(signal: AbortSignal): Promise<readonly string[]>
  appliesTo(action: string, signal: AbortSignal): Promise<PluginSelector>
  execute(action: string, input: { item: Manifest; backup: object }, signal: AbortSignal): Promise<void>
}

/** Additional items that a plugin is asked about. */
export interface AskedItems {
  items: readonly ItemAddress[]
  restore: object
}

/** An operation that a plugin is asked about. */
export interface AskedOperation {
  operationId: string
  restore: object
}
