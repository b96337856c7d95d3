import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { connectCluster } from '../../../infra/cluster/connect.ts'
import type { ClusterConnection } from '../../../infra/cluster/connect.ts'
import { quietLog } from './quiet-log.ts'

const configMaps = { group: '', version: 'v1', resource: 'configmaps' }
const by = { fieldManager: 'drydock-test' }
const alice = { user: 'alice', groups: ['shopkeepers', 'readers'] }
const one = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'one', namespace: 'velero' } }
const ref = { ...configMaps, namespace: 'velero', name: 'one' }

describe('a cluster as somebody else', () => {
  let folder: string
  let seen: { method: string; user: unknown; groups: unknown; body: string }[]
  let connection: ClusterConnection | undefined
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (piece: Buffer) => (body += piece.toString()))
    request.on('end', () => {
      const { 'impersonate-user': user, 'impersonate-group': groups } = request.headersDistinct
      seen.push({ method: request.method ?? '', user: user?.join(), groups, body })
      response.setHeader('content-type', 'application/json')
      response.end('{"apiVersion":"v1","kind":"Any","metadata":{"name":"any","uid":"1"},"status":{"allowed":true}}')
    })
  })

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'drydock-as-user-'))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  })
  afterAll(async () => {
    rmSync(folder, { recursive: true })
    await new Promise((resolve) => server.close(resolve))
  })
  beforeEach(() => {
    seen = []
  })
  afterEach(async () => connection?.close())

  const connect = async (user: object) => {
    const { port } = server.address() as AddressInfo
    const kubeconfig = join(folder, 'kubeconfig')
    const config = {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'c', cluster: { server: `http://127.0.0.1:${port}`, 'insecure-skip-tls-verify': true } }],
      users: [{ name: 'u', user }],
      contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
      'current-context': 'c',
    }
    writeFileSync(kubeconfig, JSON.stringify(config))
    connection = await connectCluster({ kubeconfig, log: quietLog(), requestTimeoutSeconds: 4, connectionsMax: 4 })
    seen = []
    return connection.cluster
  }

  it('is written to as that user in each namespace, but for objects of Drydock, and read as the worker', async () => {
    const cluster = (await connect({ token: 'secret-token' })).as(alice)
    await cluster.create(configMaps, 'velero', one, by)
    await cluster.patch({ ...ref, group: 'velero.io', resource: 'schedules' }, {}, by)
    await cluster.replaceStatus(ref, one, by)
    await cluster.remove(ref)
    expect(seen.map(({ user }) => user)).toEqual(['alice', 'alice', 'alice', 'alice'])
    expect(seen[0]?.groups).toEqual(alice.groups)
    await cluster.create(configMaps, 'velero', one, { ...by, ofDrydock: true })
    await cluster.remove(ref, { uid: '1', ofDrydock: true })
    await cluster.get(ref)
    expect(seen.slice(4).map(({ user }) => user)).toEqual([undefined, undefined, undefined])
    expect(JSON.parse(seen[5]?.body ?? '')).toMatchObject({ kind: 'DeleteOptions', preconditions: { uid: '1' } })
    expect(seen[5]?.body).not.toContain('ofDrydock')
  })

  it('is refused where the kubeconfig acts as somebody by itself: the worker would get rid of that', async () => {
    const cluster = await connect({ token: 'secret-token', as: 'narrow' })
    const refusal = { name: 'ApiError', code: 403, message: expect.stringContaining('acts as user narrow (as)') }
    await expect(cluster.as(alice).create(configMaps, 'shop', one, by)).rejects.toMatchObject(refusal)
    await expect(cluster.as(alice).remove(ref)).rejects.toMatchObject(refusal)
    await expect(cluster.mayDo(alice, { verb: 'create', group: '', resource: 'pods' })).rejects.toMatchObject(refusal)
    expect(seen).toEqual([])
    await cluster.create(configMaps, 'shop', one, by)
    expect(seen.map(({ user }) => user)).toEqual(['narrow'])
  })

  it.each([
    { user: 'system:kube-scheduler', groups: [] },
    { user: 'alice', groups: ['system:masters'] },
  ])('is refused for a name that no Restore may have: %j', async (user) => {
    const cluster = await connect({ token: 'secret-token' })
    await expect(cluster.as(user).create(configMaps, 'shop', one, by)).rejects.toMatchObject({ code: 403 })
    expect(seen).toEqual([])
  })
})
