import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ApiError } from '../../../core/port-errors.ts'
import { parseJson, stringifyJson } from '../../../core/values/manifest-json.ts'
import { resolveResource } from '../../../core/filter/resolve-resource.ts'
import { connectCluster, type ClusterConnection } from '../../../infra/cluster/connect.ts'
import { discoverResources } from '../../../infra/cluster/discovery.ts'
import { quietLog } from './quiet-log.ts'
import { freePort } from '../../../devstack/processes/free-ports.ts'
import { kubeconfigOf, startApiServer, type ApiServer } from './start-api-server.ts'

const configMaps = { group: '', version: 'v1', resource: 'configmaps' }
const clusterRoles = { group: 'rbac.authorization.k8s.io', version: 'v1', resource: 'clusterroles' }
const namespaces = { group: '', version: 'v1', resource: 'namespaces' }
const by = { fieldManager: 'drydock-test' }

function configMap(name: string, labels: Record<string, string> = {}) {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, labels }, data: { key: 'value' } }
}

async function failure(promise: Promise<unknown>): Promise<ApiError> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(ApiError)
  return error as ApiError
}

describe('a connection to a real API server', () => {
  let server: ApiServer
  let connection: ClusterConnection
  const limits = { log: quietLog(), requestTimeoutSeconds: 4, connectionsMax: 64 }

  beforeAll(async () => {
    server = await startApiServer()
    connection = await connectCluster({ kubeconfig: server.kubeconfig, ...limits })
  })
  afterAll(async () => {
    await connection?.close()
  })

  it('knows the cluster by the uid of kube-system', async () => {
    const namespace = await connection.cluster.get({ ...namespaces, name: 'kube-system' })
    expect(connection.cluster.id).toBe(namespace?.metadata.uid)
  })

  it('creates, reads, patches and deletes under preconditions', async () => {
    const { cluster } = connection
    const ref = { ...configMaps, namespace: 'default', name: 'one' }
    const created = await cluster.create(configMaps, 'default', configMap('one'), by)
    expect(created.metadata.managedFields?.[0]?.manager).toBe('drydock-test')
    const merged = await cluster.patch(ref, { data: { merge: '1' } }, by)
    const last = await cluster.patch(ref, { data: { key: null } }, by)
    expect(last['data']).toEqual({ merge: '1' })
    const stale = { metadata: { resourceVersion: merged.metadata.resourceVersion }, data: { late: '1' } }
    expect(await failure(cluster.patch(ref, stale, by))).toMatchObject({ code: 409, reason: 'Conflict' })
    expect(await failure(cluster.remove(ref, { uid: 'another' }))).toMatchObject({ code: 409, reason: 'Conflict' })
    expect(await cluster.remove(ref, { uid: created.metadata.uid ?? '' })).toBeDefined()
    expect(await cluster.remove(ref)).toBeUndefined()
    expect(await cluster.get(ref)).toBeUndefined()
  })

  it('replaces and patches the status subresource', async () => {
    const { cluster } = connection
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'p' },
      spec: { containers: [{ name: 'c', image: 'i' }] },
    }
    const pods = { group: '', version: 'v1', resource: 'pods' }
    const created = await cluster.create(pods, 'default', pod, by)
    const ref = { ...pods, namespace: 'default', name: 'p' }
    const replaced = await cluster.replaceStatus(ref, { ...created, status: { message: 'replaced' } }, by)
    expect(replaced['status']).toMatchObject({ message: 'replaced' })
    const patched = await cluster.patch(ref, { status: { reason: 'patched' } }, { ...by, subresource: 'status' })
    expect(patched['status']).toMatchObject({ message: 'replaced', reason: 'patched' })
  })

  it('reads collections page by page, by label, as metadata alone and from the cache', async () => {
    const { cluster } = connection
    await cluster.create(namespaces, undefined, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'many' } }, by)
    const names = Array.from({ length: 1_050 }, (_, index) => `cm-${index}`)
    await Promise.all(
      names.map((name, index) => cluster.create(configMaps, 'many', configMap(name, { odd: String(index % 2) }), by)),
    )
    const all = await cluster.list(configMaps, { namespace: 'many' })
    expect(all.filter(({ metadata }) => metadata.name.startsWith('cm-'))).toHaveLength(1_050)
    expect(all[0]).toMatchObject({ apiVersion: 'v1', kind: 'ConfigMap' })
    expect(await cluster.list(configMaps, { namespace: 'many', labelSelector: 'odd=1' })).toHaveLength(525)
    const metadata = await cluster.list(configMaps, { labelSelector: 'odd=1', metadataOnly: true, cached: true })
    expect(metadata).toHaveLength(525)
    expect(metadata[0]).not.toHaveProperty('data')
  })

  it('reaches objects whose names hold every character that Kubernetes allows', async () => {
    const { cluster } = connection
    for (const name of ['system:odd', 'with space', 'q?x=1&y#z', 'ünï', 'a..b', 'a+b;c,d@e']) {
      const role = { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', metadata: { name }, rules: [] }
      await cluster.create(clusterRoles, undefined, role, by)
      expect((await cluster.get({ ...clusterRoles, name }))?.metadata.name).toBe(name)
      expect(await cluster.remove({ ...clusterRoles, name })).toBeDefined()
    }
  })

  it('keeps integers beyond 2^53 on their way in and out', async () => {
    const { cluster } = connection
    const role = parseJson(
      '{"apiVersion":"v1","kind":"Pod","metadata":{"name":"big"},"spec":{"securityContext":{"runAsUser":1},"containers":[{"name":"c","image":"i"}],"activeDeadlineSeconds":2147483647,"tolerations":[{"key":"k","operator":"Exists","effect":"NoExecute","tolerationSeconds":9007199254740993}]}}',
    ) as object
    const created = await cluster.create({ ...configMaps, resource: 'pods' }, 'default', role, by)
    expect(stringifyJson(created)).toContain('"tolerationSeconds":9007199254740993')
  })

  it("words refusals as the server does, and a path that is not served as Kubernetes' client does", async () => {
    const { cluster } = connection
    await cluster.create(configMaps, 'default', configMap('twice'), by)
    expect(await failure(cluster.create(configMaps, 'default', configMap('twice'), by))).toMatchObject({
      code: 409,
      reason: 'AlreadyExists',
      message: 'configmaps "twice" already exists',
    })
    const invalid = await failure(cluster.create(configMaps, 'default', configMap('Not_A_Name'), by))
    expect(invalid).toMatchObject({ code: 422, reason: 'Invalid', causes: [{ field: 'metadata.name' }] })
    expect(await failure(cluster.list({ group: 'nope.io', version: 'v1', resource: 'nopes' }))).toMatchObject({
      code: 404,
      reason: 'NotFound',
      message: 'the server could not find the requested resource',
    })
    expect(await failure(cluster.create(configMaps, 'missing', configMap('x'), by))).toMatchObject({
      code: 404,
      message: 'namespaces "missing" not found',
    })
  })

  it('tells the same resources by aggregated and by legacy discovery', async () => {
    const aggregated = await connection.cluster.discover()
    const legacy = await discoverResources(({ accept: _dropped, ...request }) => connection.send(request), quietLog())
    const sorted = (all: typeof legacy) =>
      all
        .map((one) =>
          JSON.stringify(
            { ...one, shortNames: [...one.shortNames], verbs: [...one.verbs].sort() },
            Object.keys(one).sort(),
          ),
        )
        .sort()
    expect(sorted(legacy)).toEqual(sorted(aggregated))
    expect(resolveResource('po', aggregated)).toBe('pods')
    expect(resolveResource('deployments.ap', aggregated)).toBe('deployments.apps')
    expect(resolveResource('storageclass', aggregated)).toBe('storageclasses.storage.k8s.io')
    expect(resolveResource('events', aggregated)).toBe('events')
    expect(resolveResource('bindings', aggregated)).toBeUndefined()
  })

  it('says that the credentials are refused when reading them again does not help', async () => {
    const kubeconfig = join(server.directory, 'expired')
    await writeFile(kubeconfig, kubeconfigOf(server.port, 'expired'))
    const error = await failure(connectCluster({ kubeconfig, ...limits }))
    expect(error).toMatchObject({ code: 401, reason: 'Unauthorized' })
  })

  it('tells a refusal by RBAC in full', async () => {
    const kubeconfig = join(server.directory, 'guest')
    await writeFile(kubeconfig, kubeconfigOf(server.port, server.tokens.readonly))
    const error = await failure(connectCluster({ kubeconfig, ...limits }))
    expect(error).toMatchObject({ code: 403, reason: 'Forbidden' })
    expect(error.message).toContain('User "drydock-readonly" cannot get resource "namespaces"')
  })

  it('tells an API server that is not there as unreachable', async () => {
    const kubeconfig = join(server.directory, 'nowhere')
    await writeFile(kubeconfig, kubeconfigOf(await freePort(), server.tokens.admin))
    const error = await failure(connectCluster({ kubeconfig, ...limits }))
    expect(error).toMatchObject({ code: 0, reason: 'Unreachable' })
    expect(error.message).toContain('ECONNREFUSED')
  })
})
