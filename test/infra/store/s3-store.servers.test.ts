import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ObjectStore } from '../../../activities/ports.ts'
import { ApiError } from '../../../core/port-errors.ts'
import { createStores } from '../../../infra/store/open-store.ts'
import { aLocation, credentialsSecret, startS3, type S3Server } from './start-s3.ts'

let s3: S3Server
let store: ObjectStore

beforeAll(async () => {
  s3 = await startS3()
  await s3.createBucket('backups')
  store = await open({ prefix: '/team/a/' })
})

afterAll(() => s3.stop())

function open(
  options: Parameters<typeof aLocation>[2] = {},
  bucket = 'backups',
  server: S3Server = s3,
): Promise<ObjectStore> {
  const cluster = { get: () => Promise.resolve(credentialsSecret(server)) }
  return createStores({ cluster, veleroNamespace: 'velero', env: {} }).open(aLocation(server, bucket, options))
}

async function collect(body: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of body) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

describe('objects', () => {
  it('gives back what was put, with size and ETag, without content encoding', async () => {
    expect(await store.put('restores/r/a.gz', Buffer.from('text'))).toBe(true)
    expect((await store.get('restores/r/a.gz'))?.toString()).toBe('text')
    const info = await store.head('restores/r/a.gz')
    expect(info).toMatchObject({ sizeBytes: 4 })
    const response = await fetch(await store.presign('restores/r/a.gz', 60))
    expect(response.headers.get('content-encoding')).toBeNull()
    expect(await response.text()).toBe('text')
  })

  it('holds an empty object', async () => {
    await store.put('restores/empty', Buffer.alloc(0))
    expect((await store.get('restores/empty'))?.length).toBe(0)
    const { body } = await store.stream('restores/empty')
    expect(await collect(body)).toBe('')
  })

  it('answers undefined for what is not there', async () => {
    expect(await store.get('restores/none')).toBeUndefined()
    expect(await store.head('restores/none')).toBeUndefined()
  })

  it('asks before each request of a write whether it may: a part of a large object that comes too late publishes nothing', async () => {
    await store.put('restores/asked', Buffer.from('old'))
    const noLease = new ApiError({ code: 0, reason: 'NoLease', message: 'the Lease has run out' })
    let asked = 0
    const assertMayWrite = () => {
      if (++asked > 2) throw noLease
    }
    await expect(store.put('restores/asked', Buffer.alloc(9 * 1024 * 1024), { assertMayWrite })).rejects.toBe(noLease)
    expect((await store.get('restores/asked'))?.toString()).toBe('old')
    expect(await store.put('restores/asked', Buffer.from('new'), { assertMayWrite: () => undefined })).toBe(true)
    expect((await store.get('restores/asked'))?.toString()).toBe('new')
  })

  it('asks again before a request that is tried again', async () => {
    const seen: string[] = []
    const busy = createServer((request, answer) => {
      seen.push(request.method ?? '')
      request.resume().on('end', () => answer.writeHead(503).end())
    })
    await new Promise<void>((resolve) => busy.listen(0, '127.0.0.1', resolve))
    try {
      const s3Url = `http://127.0.0.1:${(busy.address() as AddressInfo).port}`
      const away = await open({ config: { s3Url } })
      let asked = 0
      const assertMayWrite = () => {
        if (++asked > 1) throw new ApiError({ code: 0, reason: 'NoLease', message: 'the Lease has run out' })
      }
      await expect(away.put('a', Buffer.from('text'), { assertMayWrite })).rejects.toMatchObject({ reason: 'NoLease' })
      expect(seen).toEqual(['PUT'])
    } finally {
      busy.close()
      busy.closeAllConnections()
    }
  })

  it('writes large objects in parts and reads them whole', async () => {
    const large = Buffer.alloc(17 * 1024 * 1024, 'x')
    await store.put('restores/large', large)
    expect((await store.get('restores/large'))?.equals(large)).toBe(true)
  })

  it('leaves an existing object alone with onlyIfAbsent', async () => {
    expect(await store.put('restores/once', Buffer.from('first'), { onlyIfAbsent: true })).toBe(true)
    expect(await store.put('restores/once', Buffer.from('second'), { onlyIfAbsent: true })).toBe(false)
    expect((await store.get('restores/once'))?.toString()).toBe('first')
  })

  it('lets one of many concurrent creators win', async () => {
    const writers = Array.from({ length: 12 }, (_, n) =>
      store.put('restores/race', Buffer.from(`w${n}`), { onlyIfAbsent: true }),
    )
    const won = await Promise.all(writers)
    expect(won.filter(Boolean)).toHaveLength(1)
    expect((await store.get('restores/race'))?.toString()).toBe(`w${won.indexOf(true)}`)
  })

  it.each(['', 'SHA256', 'CRC32C'])('writes with checksumAlgorithm %j', async (checksumAlgorithm) => {
    const other = await open({ config: { checksumAlgorithm } })
    await other.put('restores/checked', Buffer.from('text'))
    expect((await other.get('restores/checked'))?.toString()).toBe('text')
  })
})

describe('streaming', () => {
  it('streams the object of the wanted ETag', async () => {
    await store.put('backups/s', Buffer.from('one'))
    const info = await store.head('backups/s')
    const { body } = await store.stream('backups/s', { etag: info!.etag })
    expect(await collect(body)).toBe('one')
  })

  it('fails as changed where another object stands there by now', async () => {
    await store.put('backups/c', Buffer.from('one'))
    const info = await store.head('backups/c')
    await store.put('backups/c', Buffer.from('two'))
    await expect(store.stream('backups/c', { etag: info!.etag })).rejects.toMatchObject({
      name: 'StoreError',
      kind: 'changed',
    })
  })

  it("fails in the words of Velero's plugin where nothing stands there", async () => {
    const failure = expect(store.stream('backups/none/none.tar.gz')).rejects
    await failure.toMatchObject({
      kind: 'missing',
      message: expect.stringMatching(
        /^rpc error: code = Unknown desc = error getting object team\/a\/backups\/none\/none\.tar\.gz: NoSuchKey: /,
      ),
    })
  })
})

describe('listing and removing', () => {
  it('lists keys relative to the prefix, over pages, and removes them in batches', async () => {
    const other = await open({ prefix: 'many' })
    const keys = Array.from({ length: 1_010 }, (_, n) => `restores/r/${String(n).padStart(4, '0')}`)
    for (let start = 0; start < keys.length; start += 100) {
      await Promise.all(keys.slice(start, start + 100).map((key) => other.put(key, Buffer.from('x'))))
    }
    await other.put('backups/b/x', Buffer.from('x'))
    expect(await other.list('restores/r/')).toEqual(keys)
    expect(await other.folders()).toEqual(['backups', 'restores'])
    await other.remove([...keys, 'restores/r/never-there'])
    expect(await other.list('')).toEqual(['backups/b/x'])
  })

  it('says the same id for the same place only', async () => {
    expect((await open({ prefix: 'team/a' })).id).toBe(store.id)
    expect((await open({ prefix: 'team/b' })).id).not.toBe(store.id)
  })
})

describe('trouble', () => {
  it('names the bucket that is not there', async () => {
    const nowhere = await open({}, 'nowhere')
    const expected = { kind: 'no-bucket', message: expect.stringContaining('bucket nowhere at http://127.0.0.1') }
    await expect(nowhere.head('a')).rejects.toMatchObject(expected)
    await expect(nowhere.get('a')).rejects.toMatchObject(expected)
    await expect(nowhere.put('a', Buffer.from(''))).rejects.toMatchObject(expected)
    await expect(nowhere.list('')).rejects.toMatchObject(expected)
  })

  it('tells wrong credentials, and never shows them', async () => {
    const impostor = await open({}, 'backups', { ...s3, secretKey: 'not-the-secret-key' })
    const stranger = await open({}, 'backups', { ...s3, accessKey: 'unknown-access-key' })
    const requests = [impostor, stranger].flatMap((other) => [
      other.get('a'),
      other.head('a'),
      other.put('a', Buffer.alloc(1)),
    ])
    for (const { status, reason } of (await Promise.allSettled(requests)) as PromiseRejectedResult[]) {
      expect(status).toBe('rejected')
      expect(reason).toMatchObject({ kind: 'credentials' })
      const everything = JSON.stringify(reason, Object.getOwnPropertyNames(reason))
      expect(everything).not.toMatch(/not-the-secret|unknown-access|drydock-access/)
    }
  })

  it('is unreachable where nobody listens', async () => {
    const gone = await open({ config: { s3Url: 'http://127.0.0.1:1' } })
    await expect(gone.stream('a')).rejects.toMatchObject({
      kind: 'unreachable',
      message: expect.stringContaining('error getting object a: connect ECONNREFUSED 127.0.0.1:1'),
    })
  })

  it.each([
    [507, 'InsufficientStorage', 'full'],
    [400, 'QuotaExceeded', 'full'],
    [403, 'AccessDenied', 'denied'],
    [403, 'ExpiredToken', 'credentials'],
    [503, 'SlowDown', 'unreachable'],
    [500, 'InternalError', 'unreachable'],
    [400, 'InvalidArgument', 'refused'],
    [400, 'KeyTooLongError', 'refused'],
    [400, 'IncompleteBody', 'unreachable'],
    [501, 'NotImplemented', 'location'],
  ])('takes status %i %s as %s', async (status, code, kind) => {
    await withAnswer(status, `<Error><Code>${code}</Code><Message>so it is</Message></Error>`, async (url) => {
      const answered = await open({ config: { s3Url: url } })
      await expect(answered.put('a', Buffer.from('x'))).rejects.toMatchObject({ kind })
    })
  })

  it('fails as unreachable where the connection ends in the middle of an object', async () => {
    const server = createServer((_, response) => {
      response.writeHead(200, { etag: '"e"', 'content-length': '100' })
      response.write('short')
      setTimeout(() => response.destroy(), 20)
    })
    await listening(server, async (url) => {
      const broken = await open({ config: { s3Url: url } })
      const { body } = await broken.stream('a')
      await expect(collect(body)).rejects.toMatchObject({ name: 'StoreError', kind: 'unreachable' })
      await expect(broken.get('a')).rejects.toMatchObject({ name: 'StoreError', kind: 'unreachable' })
    })
  })

  it('removes one by one where the server knows no batches', async () => {
    const removed: string[] = []
    const server = createServer((request, response) => {
      if (request.method === 'POST') return response.writeHead(501).end('<Error><Code>NotImplemented</Code></Error>')
      removed.push(request.url!.split('?')[0]!)
      return response.writeHead(204).end()
    })
    await listening(server, async (url) => {
      await (await open({ config: { s3Url: url } })).remove(['a', 'b'])
      expect(removed.sort()).toEqual(['/backups/a', '/backups/b'])
    })
  })

  it('counts a create as its own where only the answer to it was lost', async () => {
    let puts = 0
    const server = createServer((request, response) => {
      request.resume()
      if (request.method === 'GET') return response.writeHead(200, { etag: '"e"', 'content-length': '4' }).end('mine')
      puts++
      return puts === 1
        ? response.writeHead(500).end()
        : response.writeHead(412).end('<Error><Code>PreconditionFailed</Code></Error>')
    })
    await listening(server, async (url) => {
      const flaky = await open({ config: { s3Url: url } })
      expect(await flaky.put('a', Buffer.from('mine'), { onlyIfAbsent: true })).toBe(true)
      puts = 0
      expect(await flaky.put('a', Buffer.from('else'), { onlyIfAbsent: true })).toBe(false)
    })
  })
})

async function withAnswer(status: number, body: string, use: (url: string) => Promise<void>): Promise<void> {
  const server = createServer((request, response) => {
    request.resume()
    response.writeHead(status, { 'content-type': 'application/xml' }).end(body)
  })
  await listening(server, use)
}

async function listening(server: Server, use: (url: string) => Promise<void>): Promise<void> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  try {
    await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  } finally {
    server.closeAllConnections()
    server.close()
  }
}
