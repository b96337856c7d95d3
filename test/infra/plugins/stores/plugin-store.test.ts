import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import type { ObjectStore } from '../../../../activities/ports.ts'
import { PluginError } from '../../../../core/port-errors.ts'
import { createPluginStore } from '../../../../infra/plugins/stores/plugin-store.ts'
import { createWriteClaims } from '../../../../infra/plugins/stores/write-claims.ts'
import { createClock } from '../../../ports/clock.ts'
import { bucketConformance } from '../../../ports/bucket/conformance.ts'
import { createCluster } from '../../../ports/cluster/cluster.ts'
import type { InMemoryCluster } from '../../../ports/cluster/cluster.ts'
import { inMemoryPlugin, optionsWith } from './in-memory-plugin.ts'
import type { Before } from './in-memory-plugin.ts'

const dir = mkdtempSync(join(tmpdir(), 'drydock-spool-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))

const shard = 'restores/r/drydock/uid-of-r/plan.json.gz'

/** A bucket in memory, the cluster beside it, and workers that write there. */
function world() {
  const buckets = new Map([['backups', new Map<string, Buffer>()]])
  const cluster = createCluster(createClock())
  cluster.place({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'velero' } })
  return {
    cluster,
    objects: () => [...(buckets.get('backups') ?? [])].map(([key, body]) => `${key}=${body.toString()}`),
    /** A worker. It is asked before each call to the plugin or the cluster. */
    worker: (before: Before = () => {}, root = ''): ObjectStore =>
      createPluginStore({
        ...optionsWith(inMemoryPlugin(buckets, before), dir, root),
        id: `example.io/store/${root}`,
        claims: createWriteClaims(asked(cluster, before), 'velero'),
      }),
  }
}

function asked(cluster: InMemoryCluster, before: Before) {
  const port = cluster.connect()
  const ask = (call: string) => before(call, {} as never)
  return {
    create: async (...args: Parameters<typeof port.create>) => {
      await ask('create')
      return port.create(...args)
    },
    get: async (...args: Parameters<typeof port.get>) => {
      await ask('get')
      return port.get(...args)
    },
    remove: async (...args: Parameters<typeof port.remove>) => {
      await ask('remove')
      return port.remove(...args)
    },
  }
}

const once = (store: ObjectStore, text: string) => store.put(shard, Buffer.from(text), { onlyIfAbsent: true })
const read = async (store: ObjectStore) => (await store.get(shard))?.toString()

describe('a bucket that a plugin serves', () => {
  bucketConformance(async () => {
    const { worker } = world()
    const nowhere = createPluginStore({
      ...optionsWith(inMemoryPlugin(new Map()), dir),
      id: 'nowhere',
      claims: createWriteClaims(createCluster(createClock()).connect(), 'velero'),
    })
    return {
      open: async (prefix) => worker(undefined, `${prefix}/`),
      openNowhere: async () => nowhere,
      words: {
        missing:
          /^rpc error: code = Unknown desc = error getting object \S+\/none: storage: object doesn't exist \(bucket backups of BackupStorageLocation "default", by ObjectStore plugin example.io\/store\)$/,
        nowhere: /^rpc error: code = Unknown desc = error \w+.*: storage: bucket doesn't exist \(bucket backups of /,
      },
      close: async () => {},
    }
  })

  it('downloads an object once for its head and its stream, and leaves no file behind', async () => {
    const calls: string[] = []
    const store = world().worker((call) => void calls.push(call))
    await store.put('a', Buffer.from('text'))
    const { etag = '' } = (await store.head('a')) ?? {}
    const { body } = await store.stream('a', { etag })
    const parts: Buffer[] = []
    for await (const part of body) parts.push(part as Buffer)
    expect(Buffer.concat(parts).toString()).toBe('text')
    expect(calls.filter((call) => call === 'GetObject')).toHaveLength(1)
    expect(readdirSync(dir)).toEqual([])
  })

  it('refuses an object that is larger than may be downloaded', async () => {
    const store = world().worker()
    await store.put('a', Buffer.alloc(1001))
    await expect(store.head('a')).rejects.toMatchObject({
      kind: 'refused',
      message: 'object a has more than 1,000 bytes',
    })
    expect(readdirSync(dir)).toEqual([])
  })

  it('signs an address', async () => {
    expect(await world().worker(undefined, 'p/').presign('a', 600)).toBe('https://example.com/p/a?ttl=600000000000')
  })

  it.each([
    ['died', 'unreachable'],
    ['late', 'unreachable'],
    ['binary', 'location'],
    ['answer', 'other'],
  ] as const)('tells a plugin that fails by %s with plugin and location', async (kind, became) => {
    const store = world().worker(() => {
      throw new PluginError(kind, 'rpc error: code = Unknown desc = no luck')
    })
    await expect(store.list('a/')).rejects.toMatchObject({
      name: 'StoreError',
      kind: became,
      message:
        'rpc error: code = Unknown desc = error listing a/: no luck (bucket backups of BackupStorageLocation "default", by ObjectStore plugin example.io/store)',
    })
  })
})

/** The calls of one conditional write of an object that is not there, and of one that finds another's claim. */
const callsOfWrite = ['ObjectExists', 'ListCommonPrefixes', 'PutObject', 'create', 'PutObject', 'DeleteObject']

describe('a conditional write by a plugin', () => {
  it('claims the key by a Lease that belongs to the Restore, and leaves the object alone in the bucket', async () => {
    const { worker, cluster, objects } = world()
    const calls: string[] = []
    expect(
      await once(
        worker((call) => void calls.push(call)),
        'mine',
      ),
    ).toBe(true)
    expect(calls).toEqual(callsOfWrite)
    expect(objects()).toEqual([`${shard}=mine`])
    expect(leasesOf(cluster)).toMatchObject([
      { metadata: { namespace: 'velero', ownerReferences: [{ kind: 'Restore', name: 'r', uid: 'uid-of-r' }] } },
    ])
  })

  it.each(callsOfWrite.map((call, index) => [index, call] as const))(
    'stays what the other worker read, when it stops at call %i (%s) meanwhile, and goes on later',
    async (at) => {
      const { worker, objects } = world()
      const { before, stopped, goOn } = stopAt(at)
      const first = once(worker(before), 'first')
      await stopped
      const other = worker()
      const isOthers = await once(other, 'other')
      const seen = await read(other)
      expect(seen).toBe(isOthers ? 'other' : 'first')
      goOn()
      expect(await first).toBe(!isOthers)
      expect(await read(other)).toBe(seen)
      expect(objects()).toEqual([`${shard}=${seen}`])
    },
  )

  it.each(callsOfWrite.map((call, index) => [index, call] as const))(
    'is brought to its end by another worker when it dies at call %i (%s)',
    async (at) => {
      const { worker } = world()
      const { before, stopped } = stopAt(at)
      void once(worker(before), 'first')
      await stopped
      const [two, three] = [worker(), worker()]
      const isMine = await once(two, 'two')
      const seen = await read(two)
      expect(seen).toBe(isMine ? 'two' : 'first')
      expect(await once(three, 'three')).toBe(false)
      expect(await read(three)).toBe(seen)
    },
  )

  it('may be made again after the object was removed, also where the claim of it is left', async () => {
    const { worker, cluster } = world()
    const store = worker()
    await once(store, 'one')
    const kept = leasesOf(cluster)
    await store.remove([shard])
    expect(leasesOf(cluster)).toEqual([])
    for (const lease of kept) cluster.place(lease)
    expect(await once(store, 'two')).toBe(true)
    expect(await read(store)).toBe('two')
  })

  it('fails as a store that is away where the cluster takes no write', async () => {
    const { worker } = world()
    const cluster = createCluster(createClock()).connect()
    const buckets = new Map([['backups', new Map<string, Buffer>()]])
    const store = createPluginStore({
      ...optionsWith(inMemoryPlugin(buckets), dir),
      id: 'x',
      claims: createWriteClaims(cluster, 'velero'),
    })
    expect(worker()).toBeDefined()
    await expect(once(store, 'one')).rejects.toMatchObject({ kind: 'denied', message: /Lease in the cluster/ })
  })
})

function leasesOf(cluster: InMemoryCluster) {
  return cluster.objects().filter(({ kind }) => kind === 'Lease')
}

/** Holds a worker before one of its calls. */
function stopAt(index: number) {
  let count = 0
  let [stop, goOn]: [() => void, () => void] = [() => {}, () => {}]
  const stopped = new Promise<void>((resolve) => (stop = resolve))
  const going = new Promise<void>((resolve) => (goOn = resolve))
  const before: Before = () => {
    if (count++ !== index) return undefined
    stop()
    return going
  }
  return { before, stopped, goOn: () => goOn() }
}
