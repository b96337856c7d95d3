import type { Cluster } from '../../../activities/ports.ts'
import type { Access, ActingUser } from '../../../core/asked/acting-user.ts'
import { isNotFound } from '../../../core/port-errors.ts'
import type { Manifest } from '../../../velero/manifest.ts'
import type { ObjectRef } from '../../../velero/resource.ts'
import type { SimulatedClock } from '../clock.ts'
import { asUser } from '../../../infra/cluster/as-user.ts'
import { ApiServer } from './api-server.ts'
import { asSent } from './objects.ts'
import { Storage } from './storage.ts'
import type { ClusterState, Listener } from './storage.ts'

export type { ClusterState } from './storage.ts'

/**
 * A cluster without a network: what the API server keeps, and what controllers do by hand of the test. Objects that it
 * hands out are frozen, since an answer of a real server is nobody else's: whoever changes one in place fails.
 */
export interface InMemoryCluster {
  /** The port, as one worker has it. `assertMayWrite` is asked before each write. */
  connect(assertMayWrite?: () => void): Cluster
  /** Decides what a user may do, when that is asked; without it each one may do all. */
  mayDo: (user: ActingUser, what: Access) => boolean
  /** Writes that were made as somebody else, in order: `alice: create configmaps shop/settings`. */
  readonly writtenAs: readonly string[]
  /** Puts an object there as it is, with any status, as if it had always been there; or in place of the one that is. */
  place(manifest: Manifest): Manifest
  /** Sets fields of an object that stands there, such as its status, as a controller does. */
  amend(ref: ObjectRef, fields: object): void
  /** The object as it stands, for a look that is no call. */
  look(ref: ObjectRef): Manifest | undefined
  /** Takes an object away, finalizers or not: so a controller ends a namespace. */
  drop(ref: ObjectRef): void
  /** All objects, by resource, namespace and name. */
  objects(): readonly Manifest[]
  onChange(listener: Listener): void
  /** A copy of what the server keeps. */
  state(): ClusterState
}

/** Makes a cluster with Kubernetes' first namespaces, or one in that state. */
export function createCluster(clock: SimulatedClock, from?: ClusterState): InMemoryCluster {
  const storage = new Storage(clock, from)
  const server = new ApiServer(clock, storage)
  if (from === undefined)
    for (const name of ['default', 'kube-system'])
      server.place({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
  const trial = () => new ApiServer(clock, new Storage(clock, storage.state()))
  const id = storage.find(kubeSystem)?.metadata.uid ?? ''
  const writtenAs: string[] = []
  const memory: InMemoryCluster = {
    mayDo: () => true,
    writtenAs,
    connect: (assertMayWrite = () => {}) => {
      const cluster: Cluster = {
        ...connectTo({ server, trial }, id, assertMayWrite),
        as: (user) => asUser(cluster, noting(cluster, user, writtenAs)),
        mayDo: async (user, what) => memory.mayDo(user, what),
      }
      return cluster
    },
    place: (manifest) => server.place(manifest),
    amend(ref, fields) {
      const live = storage.find(ref)
      if (live !== undefined) storage.keep({ ...live, ...asSent(fields) }, ref)
    },
    look: (ref) => storage.find(ref),
    drop: (ref) => storage.drop(ref),
    objects: () => storage.objects(),
    onChange: (listener) => void storage.listeners.push(listener),
    state: () => storage.state(),
  }
  return memory
}

/** The writes of a cluster, noted as those of a user. */
function noting(cluster: Cluster, { user }: ActingUser, notes: string[]): Cluster {
  const note = (verb: string, { resource }: { resource: string }, namespace: string | undefined, name = ''): void =>
    void notes.push(`${user}: ${verb} ${resource} ${namespace === undefined ? '' : `${namespace}/`}${name}`)
  return {
    ...cluster,
    create: (resource, namespace, manifest, options) => {
      note('create', resource, namespace, (manifest as Manifest).metadata.name)
      return cluster.create(resource, namespace, manifest, options)
    },
    patch: (ref, ...rest) => {
      note('patch', ref, ref.namespace, ref.name)
      return cluster.patch(ref, ...rest)
    },
    replaceStatus: (ref, ...rest) => {
      note('update', ref, ref.namespace, ref.name)
      return cluster.replaceStatus(ref, ...rest)
    },
    remove: (ref, ...rest) => {
      note('delete', ref, ref.namespace, ref.name)
      return cluster.remove(ref, ...rest)
    },
  }
}

const kubeSystem = { group: '', version: 'v1', resource: 'namespaces', name: 'kube-system' }

/** The server, and for a dry run another one with the same objects, which is thrown away. */
interface Servers {
  server: ApiServer
  trial: () => ApiServer
}

function connectTo({ server, trial }: Servers, id: string, assertMayWrite: () => void): Omit<Cluster, 'as' | 'mayDo'> {
  const on = ({ dryRun }: { dryRun?: true }) => (dryRun === true ? trial() : server)
  const writing = async <T>(write: () => T): Promise<T> => {
    assertMayWrite()
    return write()
  }
  return {
    id,
    get: async (ref) => undefinedWhereMissing(() => server.read(ref)),
    list: async (resource, options) => server.list(resource, options),
    listNamed: async (resource, namespace, { names, objectsMax, isOver }) => {
      const listed = server.list(resource, namespace === undefined ? {} : { namespace })
      const isLeft = listed.length > objectsMax || (listed.length > pageItems && isOver?.() === true)
      return isLeft ? undefined : listed.filter(({ metadata }) => names.has(metadata.name))
    },
    discover: async () => server.discover(),
    create: (resource, namespace, manifest, options) =>
      writing(() => on(options).create(resource, namespace, asSent(manifest as Manifest), options)),
    patch: (ref, patch, options) => writing(() => on(options).patch(ref, asSent(patch), options)),
    replaceStatus: (ref, manifest, options) =>
      writing(() => on(options).replaceStatus(ref, asSent(manifest as Manifest), options)),
    remove: async (ref, options = {}) => {
      assertMayWrite()
      return undefinedWhereMissing(() => on(options).remove(ref, options))
    },
  }
}

/** Objects on a page of those that are looked for by name. */
const pageItems = 100

function undefinedWhereMissing<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (thrown) {
    if (isNotFound(thrown)) return undefined
    throw thrown
  }
}
