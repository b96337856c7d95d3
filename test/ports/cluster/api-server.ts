import type {
  DiscoveredResource,
  ListOptions,
  PatchOptions,
  RemoveOptions,
  WriteOptions,
} from '../../../activities/ports.ts'
import { applyMergePatch } from '../../../core/modifiers/merge-patch.ts'
import type { Manifest, Metadata } from '../../../velero/manifest.ts'
import { parseApiVersion } from '../../../velero/resource.ts'
import type { ObjectRef, ResourceRef } from '../../../velero/resource.ts'
import type { SimulatedClock } from '../clock.ts'
import { hasGeneration, withDefaults } from './kinds.ts'
import type { Kind } from './kinds.ts'
import { ownersAfter } from './managed-fields.ts'
import type { Writer } from './managed-fields.ts'
import { asSent, inVersion, isSame, metadataOf, readSelector } from './objects.ts'
import * as refusals from './refusals.ts'
import { checkFinalizers, checkName, checkPosted, isCounted, withoutForbidden } from './write-rules.ts'
import type { Storage } from './storage.ts'

const namespaces: ResourceRef = { group: '', version: 'v1', resource: 'namespaces' }

/** The rules of the API server, over objects in memory. What it refuses is thrown as `ApiError`, in its words. */
export class ApiServer {
  private readonly clock: SimulatedClock
  private readonly storage: Storage

  constructor(clock: SimulatedClock, storage: Storage) {
    this.clock = clock
    this.storage = storage
  }

  /** Puts an object there as it is, over what the server would give it. */
  place(manifest: Manifest): Manifest {
    const { group, version } = parseApiVersion(manifest.apiVersion)
    const is = (one: Kind) => one.group === group && one.version === version && one.kind === manifest.kind
    const kind = this.storage.served().find(is)
    if (kind === undefined) throw new Error(`the cluster has no ${manifest.apiVersion} ${manifest.kind}`)
    const { namespace, name } = manifest.metadata
    const ref = { ...kind, ...(namespace === undefined ? {} : { namespace }), name }
    const sent = asSent(manifest)
    const metadata = { ...this.birth(sent, ref), ...sent.metadata }
    const placed = this.storage.keep({ ...withDefaults(sent, kind), ...sent, metadata }, ref)
    return this.storage.establish(ref) ?? placed
  }

  read(ref: ObjectRef): Manifest {
    const kind = this.storage.kindOf(ref)
    const live = this.storage.find(ref)
    if (live === undefined) throw refusals.notFound(ref, ref.name)
    return inVersion(live, kind)
  }

  list(resource: ResourceRef, { namespace, labelSelector = '', metadataOnly = false }: ListOptions = {}): Manifest[] {
    const kind = this.storage.kindOf(resource)
    const selects = readSelector(labelSelector)
    const found = this.storage.objects(resource, namespace).filter(({ metadata }) => selects(metadata.labels))
    return found.map((object) => (metadataOnly ? metadataOf(object) : inVersion(object, kind)))
  }

  discover(): DiscoveredResource[] {
    return this.storage.served().map(({ custom: _custom, ...resource }) => resource)
  }

  create(resource: ResourceRef, namespace: string | undefined, posted: Manifest, options: WriteOptions): Manifest {
    const kind = this.storage.kindOf(resource)
    checkPosted(posted, kind, namespace)
    if (namespace !== undefined) this.checkNamespace(kind, posted.metadata.name ?? '', namespace)
    if (posted.metadata.resourceVersion) throw refusals.versionOnCreate()
    const name = this.nameFor(posted, kind, namespace)
    checkName(name, kind)
    const ref = { ...resource, ...(namespace === undefined ? {} : { namespace }), name }
    const standing = this.storage.find(ref)
    if (standing !== undefined)
      throw refusals.alreadyExists(kind, name, standing.metadata.deletionTimestamp !== undefined)
    const born = { ...posted, metadata: this.birth(posted, ref) }
    const owners = ownersAfter(undefined, withoutStatusOf(kind, born), this.writer(kind, options), kind)
    return this.storage.keep(withOwners(withDefaults(born, kind), owners), ref)
  }

  patch(ref: ObjectRef, patch: unknown, options: PatchOptions): Manifest {
    const kind = this.storage.kindOf(ref)
    if (options.subresource === 'status' && !kind.hasStatus) throw refusals.noStatus(kind, ref.name)
    const live = this.read(ref)
    const next = applyMergePatch(live, patch) as Manifest
    if (next.metadata.name !== ref.name) throw refusals.otherName(next.metadata.name, ref.name)
    return this.update(ref, live, next, options)
  }

  replaceStatus(ref: ObjectRef, next: Manifest, options: WriteOptions): Manifest {
    const kind = this.storage.kindOf(ref)
    if (!kind.hasStatus) throw refusals.noStatus(kind, ref.name)
    const live = this.read(ref)
    if (kind.custom && !next.metadata.resourceVersion) throw refusals.noVersion(kind, ref.name)
    return this.update(ref, live, next, { ...options, subresource: 'status' })
  }

  remove(ref: ObjectRef, { propagation, ...preconditions }: RemoveOptions = {}): Manifest {
    const kind = this.storage.kindOf(ref)
    const live = this.read(ref)
    const { uid = '', resourceVersion = '', finalizers = [], deletionTimestamp } = live.metadata
    if (preconditions.uid !== undefined && preconditions.uid !== uid)
      throw refusals.otherUid(kind, ref.name, preconditions.uid, uid)
    if (preconditions.resourceVersion !== undefined && preconditions.resourceVersion !== resourceVersion)
      throw refusals.otherVersion(kind, ref.name, preconditions.resourceVersion, resourceVersion)
    if (deletionTimestamp !== undefined) return live
    if (propagation === 'Foreground') {
      const held = { ...live.metadata, finalizers: [...finalizers, 'foregroundDeletion'] }
      return this.markDeleted(ref, { ...live, metadata: held }, kind)
    }
    if (finalizers.length > 0 || kind.kind === 'Namespace') return this.markDeleted(ref, live, kind)
    this.storage.drop(ref)
    const group = ref.group === '' ? {} : { group: ref.group }
    const details = { name: ref.name, ...group, kind: ref.resource, uid }
    return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details } as unknown as Manifest
  }

  /** What waits for its finalizers or its controller. */
  private markDeleted(ref: ObjectRef, live: Manifest, kind: Kind): Manifest {
    const isNamespace = kind.kind === 'Namespace'
    const { generation } = live.metadata
    const metadata: Metadata = {
      ...live.metadata,
      ...(generation === undefined ? {} : { generation: generation + 1 }),
      ...(isNamespace ? {} : { deletionGracePeriodSeconds: 0 }),
      deletionTimestamp: this.now(),
    }
    return this.storage.keep({ ...live, metadata, ...(isNamespace ? { status: { phase: 'Terminating' } } : {}) }, ref)
  }

  /** An update of the object or of its status alone; what nobody may change stays as it is. */
  private update(ref: ObjectRef, live: Manifest, wanted: Manifest, options: PatchOptions): Manifest {
    const kind = this.storage.kindOf(ref)
    const { uid, resourceVersion } = wanted.metadata
    if (resourceVersion && resourceVersion !== live.metadata.resourceVersion) throw refusals.modified(kind, ref.name)
    if (uid && uid !== live.metadata.uid) throw refusals.immutableUid(kind, ref.name, uid)
    checkFinalizers(live, wanted, kind)
    const next = withoutForbidden(live, wanted, kind, options.subresource)
    const changed = withOwners(next, ownersAfter(live, next, this.writer(kind, options), kind))
    if (isSame(live, changed)) return live
    const { generation, deletionTimestamp } = live.metadata
    if (generation !== undefined && isCounted(live, changed, kind)) changed.metadata.generation = generation + 1
    if (deletionTimestamp === undefined || (changed.metadata.finalizers ?? []).length > 0)
      return this.storage.keep(changed, ref)
    this.storage.drop(ref)
    delete changed.metadata.finalizers
    return changed
  }

  /** What the server gives a new object. */
  private birth(object: Manifest, ref: ObjectRef): Metadata {
    const { deletionTimestamp: _at, selfLink: _link, ...metadata } = object.metadata
    const kind = this.storage.kindOf(ref)
    const labels = { 'kubernetes.io/metadata.name': ref.name, ...metadata.labels }
    return {
      ...metadata,
      name: ref.name,
      ...(ref.namespace === undefined ? {} : { namespace: ref.namespace }),
      ...(kind.kind === 'Namespace' ? { labels } : {}),
      uid: this.storage.newUid(ref),
      creationTimestamp: this.now(),
      ...(hasGeneration(kind) ? { generation: 1 } : {}),
    }
  }

  private nameFor(posted: Manifest, kind: Kind, namespace: string | undefined): string {
    const { name, generateName } = posted.metadata
    if (name) return name
    if (!generateName) throw refusals.noName(kind)
    return this.storage.newName(generateName, kind, namespace)
  }

  private checkNamespace(kind: Kind, name: string, namespace: string): void {
    const live = this.storage.find({ ...namespaces, name: namespace })
    if (live === undefined) throw refusals.notFound(namespaces, namespace)
    if (live.metadata.deletionTimestamp !== undefined) throw refusals.namespaceTerminating(kind, name, namespace)
  }

  private writer(kind: Kind, { fieldManager, subresource }: PatchOptions): Writer {
    const apiVersion = kind.group === '' ? kind.version : `${kind.group}/${kind.version}`
    return { manager: fieldManager, apiVersion, ...(subresource && { subresource }), time: this.now() }
  }

  private now(): string {
    return `${this.clock.now().toISOString().slice(0, 19)}Z`
  }
}

function withoutStatusOf(kind: Kind, object: Manifest): Manifest {
  if (!kind.hasStatus) return object
  const { status: _status, ...rest } = object
  return rest as Manifest
}

function withOwners(object: Manifest, owners: Metadata['managedFields'] | undefined): Manifest {
  const { managedFields: _sent, ...metadata } = object.metadata
  return { ...object, metadata: owners === undefined ? metadata : { ...metadata, managedFields: owners } }
}
