import { setTimeout as sleep } from 'node:timers/promises'
import { Agent, request } from 'undici'
import { sha256Hex } from '../../core/values/derived-names.ts'
import type { ClusterAddress } from '../../devstack/stack-types.ts'

/** All objects of a cluster by `resource|namespace|name`, without what the server assigns. */
export type ClusterDump = Record<string, DumpedObject>

/** An object as it is compared: `_managers` are its field managers as `manager:operation[:subresource]`. */
export interface DumpedObject {
  _managers: string[]
  metadata: Record<string, unknown>
  [field: string]: unknown
}

/**
 * Reads every object of a cluster that discovery knows, in the first version of its group that serves it, in the format of the
 * golden cases. The Velero namespace is left out but for what a restore puts there to have data moved.
 */
export async function dumpCluster(cluster: ClusterAddress, veleroNamespace: string): Promise<ClusterDump> {
  const dispatcher = new Agent({ connections: 8, connect: { ca: cluster.kubeCa } })
  const read = async (path: string, tries = 1): Promise<Json> => {
    const headers = { authorization: `Bearer ${cluster.tokens.admin}`, accept: 'application/json' }
    const answer = await request(cluster.kubeUrl + path, { dispatcher, headers })
    const text = await answer.body.text()
    // The storage of a server that has just started is not ready at once.
    if (answer.statusCode === 429 && tries < triesMax) return sleep(1_000).then(() => read(path, tries + 1))
    // The group of an APIService whose server is not there.
    if (answer.statusCode === 503 && path.startsWith('/apis/')) return { resources: [], items: [] }
    if (answer.statusCode >= 300) throw new Error(`GET ${path}: ${answer.statusCode} ${text}`)
    return parseKeepingIntegers(text) as Json
  }
  try {
    const resources = (await Promise.all((await groupVersions(read)).map((paths) => listable(paths, read)))).flat()
    const lists = await Promise.all(
      resources.map(async ({ key, path }) => {
        const { items } = await read(path)
        if (!Array.isArray(items)) throw new Error(`GET ${path}: the answer is no list`)
        return (items as Json[]).map((item) => [key, item] as const)
      }),
    )
    const objects = lists.flat().filter(([key, item]) => isCompared(key, item, veleroNamespace))
    const named = objects.map(([key, item]) => [nameOf(key, item), dumped(item)] as const)
    return Object.fromEntries(named.sort(([a], [b]) => (a < b ? -1 : 1)))
  } finally {
    await dispatcher.close()
  }
}

const triesMax = 60

type Json = Record<string, unknown>
type Read = (path: string) => Promise<Json>

/**
 * Integers that a number of JavaScript would change become text, so that a changed digit is seen; of very long texts
 * the digest is kept.
 */
function parseKeepingIntegers(text: string): unknown {
  const keep = (_key: string, value: unknown, context?: { source?: string }): unknown => {
    if (typeof value === 'string' && value.length > textMax)
      return `${value.length} characters, sha256 ${sha256Hex(value)}`
    return typeof value === 'number' && !Number.isSafeInteger(value) && /^-?\d+$/.test(context?.source ?? '')
      ? `integer ${context?.source}`
      : value
  }
  return JSON.parse(text, keep as (key: string, value: unknown) => unknown)
}

const textMax = 20_000

/** The paths of each group's versions, the preferred one first: some resources are served in another one only. */
async function groupVersions(read: Read): Promise<string[][]> {
  const groups = (await read('/apis'))['groups'] as Group[]
  const pathsOf = ({ preferredVersion, versions }: Group): string[] => {
    const all = new Set([preferredVersion, ...versions].map((version) => `/apis/${version.groupVersion}`))
    return [...all]
  }
  return [['/api/v1'], ...groups.map(pathsOf)]
}

interface Group {
  preferredVersion: { groupVersion: string }
  versions: { groupVersion: string }[]
}

async function listable(paths: readonly string[], read: Read): Promise<{ key: string; path: string }[]> {
  const found = new Map<string, string>()
  for (const path of paths) {
    const group = path.startsWith('/apis/') ? path.split('/')[2] : ''
    const resources = (await read(path))['resources'] as { name: string; verbs: string[] }[]
    for (const { name, verbs } of resources) {
      const key = group === '' ? name : `${name}.${group}`
      if (name.includes('/') || !verbs.includes('list') || !verbs.includes('get') || neverCompared.has(key)) continue
      if (!found.has(key)) found.set(key, `${path}/${name}`)
    }
  }
  return [...found].map(([key, path]) => ({ key, path }))
}

/** What a server keeps for itself, different in each run and in no backup. */
const neverCompared: ReadonlySet<string> = new Set([
  'events',
  'events.events.k8s.io',
  'leases.coordination.k8s.io',
  'nodes',
  'componentstatuses',
  'flowschemas.flowcontrol.apiserver.k8s.io',
  'prioritylevelconfigurations.flowcontrol.apiserver.k8s.io',
  'ipaddresses.networking.k8s.io',
  'servicecidrs.networking.k8s.io',
])

/** Resources of the Velero namespace that a restore makes for others to work on. */
const workOrders: ReadonlySet<string> = new Set(['podvolumerestores.velero.io', 'datadownloads.velero.io'])

function isCompared(key: string, item: Json, veleroNamespace: string): boolean {
  const { namespace, name, labels } = metadataOf(item)
  if (key === 'apiservices.apiregistration.k8s.io') return (item['spec'] as Json)['service'] !== undefined
  if (key === 'namespaces') return name !== veleroNamespace
  if (namespace !== veleroNamespace) return true
  return workOrders.has(key) || (labels as Json | undefined)?.['velero.io/restore-uid'] !== undefined
}

function nameOf(key: string, item: Json): string {
  const { namespace, name } = metadataOf(item) as { namespace?: string; name: string }
  return `${key}|${namespace ?? ''}|${name}`
}

function metadataOf(item: Json): Json {
  return item['metadata'] as Json
}

function dumped(item: Json): DumpedObject {
  const { apiVersion: _version, kind: _kind, metadata: _metadata, ...rest } = item
  const {
    uid: _uid,
    resourceVersion: _rv,
    generation: _generation,
    creationTimestamp: _at,
    managedFields,
    ...metadata
  } = metadataOf(item)
  return { _managers: managersOf(managedFields as ManagedField[] | undefined), metadata, ...rest }
}

interface ManagedField {
  manager: string
  operation: string
  subresource?: string
}

function managersOf(fields: readonly ManagedField[] = []): string[] {
  const texts = fields.map(({ manager, operation, subresource }) =>
    [manager, operation, ...(subresource ? [subresource] : [])].join(':'),
  )
  return [...new Set(texts)].sort()
}

/** What a restore changed in a cluster: objects as they are after it, and null for those that are gone. */
export type ClusterChanges = Record<string, DumpedObject | null>

/** The difference of two dumps. What an API server makes of itself is in both and drops out. */
export function clusterChanges(before: ClusterDump, after: ClusterDump): ClusterChanges {
  const gone = Object.keys(before).filter((key) => !(key in after))
  const changed = Object.entries(after).filter(([key, object]) => textOf(before[key]) !== textOf(object))
  return Object.fromEntries([...gone.map((key) => [key, null] as const), ...changed])
}

/** Keys come in the server's order, which is the same in both dumps of one cluster; recorded ones are sorted. */
function textOf(object: DumpedObject | undefined): string {
  return JSON.stringify(object)
}
