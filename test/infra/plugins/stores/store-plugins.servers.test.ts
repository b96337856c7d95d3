import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { obtainTool } from '../../../../devstack/tools/obtain-tool.ts'
import type { Stores } from '../../../../activities/ports.ts'
import { createRegistry } from '../../../../infra/plugins/registry.ts'
import { createObjectStores } from '../../../../infra/plugins/stores/object-stores.ts'
import { createStores } from '../../../../infra/store/open-store.ts'
import type { BackupStorageLocation } from '../../../../velero/backup.ts'
import type { Manifest } from '../../../../velero/manifest.ts'
import { demoPlugin } from '../../../kit/velero/demo-plugin.ts'
import { gcpPlugin, serviceAccountSecret, startGcs } from '../../../kit/velero/gcs.ts'
import type { GcsServer } from '../../../kit/velero/gcs.ts'
import { createClock } from '../../../ports/clock.ts'
import { bucketConformance } from '../../../ports/bucket/conformance.ts'
import { createCluster } from '../../../ports/cluster/cluster.ts'
import { quietLog } from '../../cluster/quiet-log.ts'
import { aLocation, credentialsSecret, startS3 } from '../../store/start-s3.ts'

const dir = mkdtempSync(join(tmpdir(), 'drydock-stores-'))
const log = quietLog()
const running: { close(): Promise<unknown> }[] = []
afterAll(async () => {
  await Promise.all(running.map((one) => one.close()))
  rmSync(dir, { recursive: true, force: true })
})

/** The plugin folder of workers. */
function folderWith(name: string, binary: string): string {
  mkdirSync(join(dir, name), { recursive: true })
  copyFileSync(binary, join(dir, name, 'plugin'))
  return join(dir, name)
}

/** A cluster with a Secret, of any number of workers. */
function clusterWith(secret?: Manifest) {
  const cluster = createCluster(createClock())
  cluster.place({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'velero' } })
  if (secret !== undefined) cluster.place(secret)
  return cluster
}

/** The stores of one worker. */
function worker(
  cluster: ReturnType<typeof clusterWith>,
  plugins: string,
  { env = {}, callMs = 60_000 }: { env?: Record<string, string>; callMs?: number } = {},
): Stores {
  const options = {
    args: [],
    env: { ...process.env, ...env },
    startMs: 20_000,
    answerBytesMax: 16 << 20,
    callsMax: 8,
    callMs,
    log,
  }
  const registry = createRegistry({ dir: plugins, ...options })
  const port = cluster.connect()
  const stores = createObjectStores(registry, {
    ...options,
    cluster: port,
    veleroNamespace: 'velero',
    builtIn: createStores({ cluster: port, veleroNamespace: 'velero', env: {} }),
    providers: ['aws'],
    spool: { dir: join(dir, 'downloads'), bytesMax: 400 << 20 },
  })
  running.push({ close: () => Promise.all([registry.close(), stores.close()]) })
  return stores
}

describe('the plugin for AWS, with an S3 server', () => {
  bucketConformance(async () => {
    const s3 = await startS3()
    await s3.createBucket('backups')
    const plugin = await obtainTool('velero-plugin-for-aws', { report: () => {}, signal: new AbortController().signal })
    const stores = worker(clusterWith(credentialsSecret(s3)), folderWith('aws', plugin))
    return {
      open: (prefix) => stores.open(aLocation(s3, 'backups', { prefix })),
      openNowhere: () => stores.open(aLocation(s3, 'nowhere')),
      words: {
        missing:
          /^rpc error: code = Unknown desc = error getting object \S+\/none: .*NoSuchKey.* by ObjectStore plugin velero.io\/aws\)$/,
        nowhere: /^rpc error: code = Unknown desc = error \w+.*NoSuchBucket/,
      },
      close: () => s3.stop(),
    }
  })
})

const gcs = (prefix: string, bucket = 'backups'): BackupStorageLocation => ({
  apiVersion: 'velero.io/v1',
  kind: 'BackupStorageLocation',
  metadata: { name: 'google', namespace: 'velero' },
  spec: { provider: 'gcp', objectStorage: { bucket, prefix }, credential: { name: 'google', key: 'cloud' } },
})

describe('the plugin for Google Cloud, with a server of its storage', () => {
  const cluster = clusterWith(serviceAccountSecret('google'))
  let plugins = ''
  let server: GcsServer
  const another = () => worker(cluster, plugins, { env: { STORAGE_EMULATOR_HOST: server.url.slice('http://'.length) } })

  bucketConformance(async () => {
    server = await startGcs()
    await server.createBucket('backups')
    plugins = folderWith('gcp', await gcpPlugin())
    const stores = another()
    return {
      open: (prefix) => stores.open(gcs(prefix)),
      openNowhere: () => stores.open(gcs('', 'nowhere')),
      words: {
        missing: /^rpc error: code = Unknown desc = error getting object \S+\/none: storage: object doesn't exist/,
        nowhere: /^rpc error: code = \w+ desc = error \w+.*bucket doesn't exist/,
      },
      close: async () => {},
    }
  })

  it('settles each shard once for two workers that write it at the same time', async () => {
    const [one, two] = await Promise.all([another().open(gcs('pair')), another().open(gcs('pair'))])
    for (let round = 0; round < 5; round++) {
      const key = `restores/r/drydock/uid/settled-${round}`
      const put = (store: typeof one, text: string) => store.put(key, Buffer.from(text), { onlyIfAbsent: true })
      const won = await Promise.all([put(one, 'one'), put(two, 'two'), put(one, 'three'), put(two, 'four')])
      expect(won.filter(Boolean)).toHaveLength(1)
      const winner = ['one', 'two', 'three', 'four'][won.indexOf(true)]
      expect([(await one.get(key))?.toString(), (await two.get(key))?.toString()]).toEqual([winner, winner])
    }
    expect(await one.list('restores/r/')).toHaveLength(5)
  })

  it('writes and streams an object of many messages', async () => {
    const store = await another().open(gcs('large'))
    const body = Buffer.alloc(10_000_000, 'drydock')
    await store.put('large', body)
    expect((await store.get('large'))?.equals(body)).toBe(true)
    expect((await store.head('large'))?.sizeBytes).toBe(body.length)
  })

  it('signs an address with the key of the service account', async () => {
    const store = await another().open(gcs('signed'))
    expect(await store.presign('a', 600)).toMatch(/\/backups\/signed\/a\?.*GoogleAccessId=drydock%40drydock/)
  })
})

describe('a plugin that misbehaves', () => {
  const location = (config: Record<string, string>, provider = 'example.io/folder'): BackupStorageLocation => ({
    apiVersion: 'velero.io/v1',
    kind: 'BackupStorageLocation',
    metadata: { name: 'bad', namespace: 'velero' },
    spec: { provider, objectStorage: { bucket: 'b' }, config: { dir: join(dir, 'cloud'), ...config } },
  })
  const place = /BackupStorageLocation "bad", by ObjectStore plugin example\.io\/folder\)$/
  let stores: Stores | undefined
  const open = async (...args: Parameters<typeof location>) => {
    stores ??= worker(clusterWith(), folderWith('demo', await demoPlugin()), { callMs: 5000 })
    mkdirSync(join(dir, 'cloud/b'), { recursive: true })
    return stores.open(location(...args))
  }

  it('is one error that names plugin and location where no binary has it', async () => {
    await expect(open({}, 'azure')).rejects.toMatchObject({
      kind: 'location',
      message: `unable to locate ObjectStore plugin named velero.io/azure in ${join(dir, 'demo')} of this worker: BackupStorageLocation "bad" needs it`,
    })
  })

  it.each([
    ['refuses the config of its location', { broken: 'so it is' }, 'location', /the location is broken: so it is/],
    ['dies at each call', { misbehave: 'ListObjects:exit' }, 'unreachable', /died while it worked on ListObjects/],
    ['dies when it is started', { misbehave: 'Init:exit' }, 'unreachable', /died while it worked on Init/],
    ['hangs', { misbehave: 'ListObjects:hang' }, 'unreachable', /has not answered ListObjects within 5 s/],
    ['answers 100 MB', { misbehave: 'ListObjects:huge' }, 'refused', /ListObjects with more than the 16777216 bytes/],
    ['fails', { misbehave: 'ListObjects:fail' }, 'other', /the store fails, as its location asks for/],
  ] as const)('that %s is told with plugin and location', async (_does, config, kind, words) => {
    const store = await open(config)
    const told = store.list('a')
    await expect(told).rejects.toMatchObject({ name: 'StoreError', kind, message: expect.stringMatching(words) })
    await expect(told).rejects.toThrow(place)
  })

  it('is read no further than an object may be large', async () => {
    const store = await open({ misbehave: 'GetObject:huge' })
    await expect(store.get('a')).rejects.toMatchObject({
      kind: 'refused',
      message: 'object a has more than 268,435,456 bytes',
    })
  })

  it('may flood its output, and is of use all the same', async () => {
    const store = await open({ misbehave: 'PutObject:flood' })
    await store.put('a', Buffer.from('text'))
    expect((await store.get('a'))?.toString()).toBe('text')
    expect(log.lines.filter((line) => line.includes('flood')).length).toBeLessThan(2000)
    expect(readdirSync(join(dir, 'cloud/b'))).toEqual(['a'])
  })
})
