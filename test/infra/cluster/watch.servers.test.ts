import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { connectCluster, type ClusterConnection } from '../../../infra/cluster/connect.ts'
import { watchResource } from '../../../infra/cluster/watch.ts'
import { startCutProxy, type CutProxy } from './cut-proxy.ts'
import { quietLog } from './quiet-log.ts'
import { kubeconfigOf, startApiServer, type ApiServer } from './start-api-server.ts'

const configMaps = { group: '', version: 'v1', resource: 'configmaps' }
const by = { fieldManager: 'test' }
const limits = { log: quietLog(), requestTimeoutSeconds: 4, connectionsMax: 8 }

describe('a watch on a real API server', () => {
  let server: ApiServer
  let proxy: CutProxy
  let direct: ClusterConnection
  let watched: ClusterConnection

  beforeAll(async () => {
    server = await startApiServer()
    proxy = await startCutProxy(server.port)
    const kubeconfig = join(server.directory, 'through-proxy')
    await writeFile(kubeconfig, kubeconfigOf(proxy.port, server.tokens.admin))
    direct = await connectCluster({ kubeconfig: server.kubeconfig, ...limits })
    watched = await connectCluster({ kubeconfig, ...limits })
  })
  afterAll(async () => {
    await watched?.close()
    await direct?.close()
    await proxy?.close()
  })

  const create = (namespace: string, name: string) =>
    direct.cluster.create(configMaps, namespace, { metadata: { name } }, by)
  const patch = (namespace: string, name: string, value: string) =>
    direct.cluster.patch({ ...configMaps, namespace, name }, { data: { value } }, by)
  const remove = (namespace: string, name: string) => direct.cluster.remove({ ...configMaps, namespace, name })

  async function watchIn(namespace: string) {
    await direct.cluster.create(
      { group: '', version: 'v1', resource: 'namespaces' },
      undefined,
      { metadata: { name: namespace } },
      by,
    )
    const told: string[] = []
    const log = quietLog()
    const stop = new AbortController()
    const start = () =>
      watchResource({
        connection: watched,
        resource: configMaps,
        namespace,
        signal: stop.signal,
        log,
        onChange: ({ metadata, ...rest }) => {
          const data = rest['data'] as { value?: string } | undefined
          if (metadata.name !== 'kube-root-ca.crt') told.push(`${metadata.name}=${data?.value ?? ''}`)
        },
        onGone: ({ metadata }) => void told.push(`${metadata.name} gone`),
        onSynced: () => void told.push('synced'),
      })
    const until = (expected: string[]) =>
      vi.waitFor(() => expect(told.slice(-expected.length)).toEqual(expected), { timeout: 240_000, interval: 50 })
    return { told, log, start, until, stop: () => stop.abort() }
  }

  it('tells what is there, what comes, changes and goes, and ends when it is told to', async () => {
    const { start, stop, until } = await watchIn('plain')
    await create('plain', 'old')
    const ended = start()
    await until(['old=', 'synced'])
    await create('plain', 'new')
    await patch('plain', 'old', '2')
    await remove('plain', 'new')
    await until(['old=', 'synced', 'new=', 'old=2', 'new gone'])
    stop()
    await ended
  })

  it('goes on where it was after its connection broke, and tells what vanished meanwhile', async () => {
    const { start, stop, until } = await watchIn('cut')
    await create('cut', 'a')
    await create('cut', 'b')
    const ended = start()
    await until(['a=', 'b=', 'synced'])
    proxy.cut()
    await remove('cut', 'a')
    await patch('cut', 'b', '2')
    await new Promise((resolve) => setTimeout(resolve, 1_500))
    proxy.mend()
    await until(['a=', 'b=', 'synced', 'a gone', 'b=2'])
    stop()
    await ended
  })

  it('lists anew when its version is gone, and tells a vanished and a replaced object', async () => {
    const { start, stop, until, told } = await watchIn('relist')
    await create('relist', 'gone')
    await create('relist', 'again')
    const ended = start()
    await until(['synced'])
    proxy.cut()
    await remove('relist', 'gone')
    await remove('relist', 'again')
    await create('relist', 'again')
    await server.restart(1_000)
    proxy.mend()
    await patch('relist', 'again', '2')
    await vi.waitFor(() => expect(told).toContain('again=2'), { timeout: 240_000 })
    expect(told.slice(3).filter((line) => line !== 'synced' && line !== 'again=')).toEqual([
      'gone gone',
      'again gone',
      'again=2',
    ])
    stop()
    await ended
  })

  it('lists anew after an event that cannot be read and after one that says Gone', async () => {
    const stop = new AbortController()
    const told: string[] = []
    const lines = [
      '{"type":"ADDED","obj',
      '{"type":"ERROR","object":{"kind":"Status","status":"Failure","code":410,"reason":"Expired"}}',
    ]
    await watchResource({
      connection: {
        send: async () => ({ kind: 'ConfigMapList', metadata: { resourceVersion: '1' }, items: [] }),
        async stream(_request, onLine) {
          const line = lines.shift()
          if (line === undefined) stop.abort()
          else onLine(line)
        },
      },
      resource: configMaps,
      signal: stop.signal,
      log: quietLog(),
      onChange: () => undefined,
      onGone: () => undefined,
      onSynced: () => void told.push('synced'),
    })
    expect(told).toEqual(['synced', 'synced', 'synced'])
  })
})
