import type { Archive } from '../../activities/archive-port.ts'
import type { Archives, Cluster, ObjectStore, PodExec, Ports, Presence, Stores } from '../../activities/ports.ts'
import type { ObjectRef, ResourceRef } from '../../velero/resource.ts'

/** One call of an activity to the outside world. */
export interface PortCall {
  port: 'cluster' | 'bucket' | 'archives' | 'presence' | 'exec' | 'temporal' | 'snapshotter' | 'plugin' | 'webhook'
  /** The method. */
  name: string
  /** The object, key or scope that it is about. */
  on: string
}

/**
 * Stands between an activity and the outside world: gets every call before it has an effect, and decides when it runs,
 * whether it runs at all, and what the activity gets to know of it. Faults and latency are such; so is a scheduler that
 * chooses which of several calls goes first.
 */
export type Around = <T>(call: PortCall, run: () => Promise<T>) => Promise<T>

/** The same ports with every call passed through `around`. The clock, the log and what has no answer are left out. */
export function withCalls(ports: Ports, around: Around): Ports {
  return {
    ...ports,
    cluster: clusterWithCalls(ports.cluster, around),
    stores: storesWithCalls(ports.stores, around),
    archives: archivesWithCalls(ports.archives, around),
    presence: presenceWithCalls(ports.presence, around),
    exec: execWithCalls(ports.exec, around),
  }
}

/** Puts one inside the other: `outer` decides first. */
export function nested(outer: Around, inner: Around): Around {
  return (call, run) => outer(call, () => inner(call, run))
}

const reads = [
  'get',
  'list',
  'discover',
  'head',
  'stream',
  'folders',
  'presign',
  'open',
  'read',
  'fence',
  'describe',
  'mayDo',
  'query',
]

/** Whether a call may change something outside. */
export function hasEffect({ name }: PortCall): boolean {
  return !reads.includes(name)
}

/** A call in a few words, such as "patch pods shop/web-1". */
export function describeCall({ port, name, on }: PortCall): string {
  return `${port === 'cluster' ? '' : `${port} `}${name}${on === '' ? '' : ` ${on}`}`
}

function clusterWithCalls(cluster: Cluster, around: Around): Cluster {
  const call = <T>(name: string, on: string, run: () => Promise<T>) => around({ port: 'cluster', name, on }, run)
  return {
    id: cluster.id,
    get: (ref) => call('get', nameOf(ref), () => cluster.get(ref)),
    list: (resource, options) => call('list', kindOf(resource), () => cluster.list(resource, options)),
    listNamed: (resource, namespace, bounds) =>
      call('listNamed', kindOf(resource), () => cluster.listNamed(resource, namespace, bounds)),
    create: (resource, namespace, manifest, options) => {
      const { metadata } = manifest as { metadata?: { name?: string; generateName?: string } }
      const name = metadata?.name ?? `${metadata?.generateName ?? ''}*`
      const on = nameOf({ ...resource, ...(namespace === undefined ? {} : { namespace }), name })
      return call('create', on, () => cluster.create(resource, namespace, manifest, options))
    },
    patch: (ref, patch, options) => call('patch', nameOf(ref), () => cluster.patch(ref, patch, options)),
    replaceStatus: (ref, manifest, options) =>
      call('replaceStatus', nameOf(ref), () => cluster.replaceStatus(ref, manifest, options)),
    remove: (ref, options) => call('remove', nameOf(ref), () => cluster.remove(ref, options)),
    discover: (unread) => call('discover', '', () => cluster.discover(unread)),
    as: (user) => clusterWithCalls(cluster.as(user), around),
    mayDo: (user, what) => call('mayDo', `${user.user} ${what.verb} ${what.resource}`, () => cluster.mayDo(user, what)),
  }
}

function kindOf({ resource, group }: ResourceRef): string {
  return group === '' ? resource : `${resource}.${group}`
}

function nameOf(ref: ObjectRef): string {
  return `${kindOf(ref)} ${ref.namespace === undefined ? '' : `${ref.namespace}/`}${ref.name}`
}

function storesWithCalls(stores: Stores, around: Around): Stores {
  return {
    open: (location) =>
      around({ port: 'bucket', name: 'open', on: location.metadata.name }, async () =>
        storeWithCalls(await stores.open(location), around),
      ),
  }
}

function storeWithCalls(store: ObjectStore, around: Around): ObjectStore {
  const call = <T>(name: string, on: string, run: () => Promise<T>) => around({ port: 'bucket', name, on }, run)
  return {
    id: store.id,
    head: (key) => call('head', key, () => store.head(key)),
    get: (key) => call('get', key, () => store.get(key)),
    stream: (key, options) => call('stream', key, () => store.stream(key, options)),
    put: (key, body, options) => call('put', key, () => store.put(key, body, options)),
    list: (prefix) => call('list', prefix, () => store.list(prefix)),
    folders: (under) => call('folders', under ?? '', () => store.folders(under)),
    remove: (keys) => call('remove', `${keys.length} keys`, () => store.remove(keys)),
    presign: (key, seconds) => call('presign', key, () => store.presign(key, seconds)),
  }
}

function archivesWithCalls(archives: Archives, around: Around): Archives {
  const open: Archives['open'] = (store, key, options) =>
    around({ port: 'archives', name: 'open', on: key }, async () => {
      const archive = await archives.open(store, key, options)
      const read: Archive['read'] = (entry) =>
        around({ port: 'archives', name: 'read', on: `${entry.groupResource} ${entry.name}` }, () =>
          archive.read(entry),
        )
      return { ...archive, read }
    })
  return { open }
}

function presenceWithCalls(presence: Presence, around: Around): Presence {
  return {
    worker: presence.worker,
    assertMayWrite: () => presence.assertMayWrite(),
    begin: (scope) => presence.begin(scope),
    fence: (scope, options) =>
      around({ port: 'presence', name: 'fence', on: scope }, () => presence.fence(scope, options)),
    hasUnanswered: (scope) => presence.hasUnanswered(scope),
    settle: (scope, options) => presence.settle(scope, options),
  }
}

function execWithCalls(exec: PodExec, around: Around): PodExec {
  const run: PodExec['run'] = (command, options) =>
    around({ port: 'exec', name: 'run', on: `${command.namespace}/${command.pod} ${command.command.join(' ')}` }, () =>
      exec.run(command, options),
    )
  return { run }
}
