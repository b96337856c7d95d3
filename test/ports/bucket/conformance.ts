import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ObjectStore } from '../../../activities/ports.ts'
import { ApiError } from '../../../core/port-errors.ts'

/** Buckets to hold the statements against: one that is there, one that is not. */
export interface BucketBench {
  /** A store under a prefix, empty, another one for each name. */
  open(prefix: string): Promise<ObjectStore>
  /** A store in a bucket that does not exist. */
  openNowhere(): Promise<ObjectStore>
  /** What a server of its own kind says where it does not say what S3 says. */
  words?: { missing: RegExp; nowhere: RegExp }
  close(): Promise<void>
}

type Statement = (store: ObjectStore, bench: BucketBench) => Promise<void>

/**
 * What the port `ObjectStore` promises, held against whatever `open` opens: the bucket in memory, and a real S3 server.
 * Where the two differ, the one in memory is wrong.
 */
export function bucketConformance(open: () => Promise<BucketBench>): void {
  let bench: BucketBench
  let count = 0
  beforeAll(async () => {
    bench = await open()
  }, 60_000)
  afterAll(() => bench?.close(), 60_000)

  describe.each(Object.entries(statements))('%s', (_about, rows) => {
    it.each(Object.entries(rows))('%s', async (_says, holds) => {
      await holds(await bench.open(`statement-${++count}`), bench)
    })
  })
}

const bytes = (text: string) => Buffer.from(text)

const statements: Record<string, Record<string, Statement>> = {
  'an object': {
    'comes back as it was put, over an older one': async (store) => {
      expect(await store.put('a/b', bytes('one'))).toBe(true)
      expect(await store.put('a/b', bytes('two'))).toBe(true)
      expect((await store.get('a/b'))?.toString()).toBe('two')
    },
    'stays as it was where its writer may not write': async (store) => {
      await store.put('a', bytes('one'))
      const refusal = new ApiError({ code: 0, reason: 'NoLease', message: 'the Lease has run out' })
      const assertMayWrite = () => {
        throw refusal
      }
      await expect(store.put('a', bytes('two'), { assertMayWrite })).rejects.toBe(refusal)
      expect((await store.get('a'))?.toString()).toBe('one')
    },
    'may be empty': async (store) => {
      await store.put('empty', Buffer.alloc(0))
      expect((await store.get('empty'))?.length).toBe(0)
      expect((await store.head('empty'))?.sizeBytes).toBe(0)
      expect(await textOf(store, 'empty')).toBe('')
    },
    'that is not there is undefined': async (store) => {
      expect(await store.get('none')).toBeUndefined()
      expect(await store.head('none')).toBeUndefined()
    },
    'has the MD5 of its bytes as ETag, in quotes': async (store) => {
      await store.put('a', bytes('text'))
      const info = { etag: '"1cb251ec0d568de6a929b520c4aed8d1"', sizeBytes: 4 }
      expect(await store.head('a')).toEqual(info)
      const { info: streamed, body } = await store.stream('a')
      expect(streamed).toEqual(info)
      body.destroy()
    },
    'is left alone by a put that is for absent ones only': async (store) => {
      expect(await store.put('once', bytes('first'), { onlyIfAbsent: true })).toBe(true)
      expect(await store.put('once', bytes('second'), { onlyIfAbsent: true })).toBe(false)
      expect((await store.get('once'))?.toString()).toBe('first')
    },
    'is made by one of many such puts at once': async (store) => {
      const puts = Array.from({ length: 8 }, (_, n) => store.put('race', bytes(`w${n}`), { onlyIfAbsent: true }))
      const won = await Promise.all(puts)
      expect(won.filter(Boolean)).toHaveLength(1)
      expect((await store.get('race'))?.toString()).toBe(`w${won.indexOf(true)}`)
    },
    'is not changed by what is done to the bytes afterwards': async (store) => {
      const body = bytes('text')
      await store.put('a', body)
      body.fill('x')
      expect((await store.get('a'))?.toString()).toBe('text')
    },
  },
  'a stream': {
    'gives the object of the wanted ETag': async (store) => {
      await store.put('a', bytes('text'))
      const { etag = '' } = (await store.head('a')) ?? {}
      expect(await textOf(store, 'a', etag)).toBe('text')
    },
    'fails as changed where another object stands there': async (store) => {
      await store.put('a', bytes('one'))
      const { etag = '' } = (await store.head('a')) ?? {}
      await store.put('a', bytes('two'))
      await failure(
        store.stream('a', { etag }),
        'changed',
        /^rpc error: code = Unknown desc = error getting object \S+\/a: PreconditionFailed: /,
      )
    },
    "fails in the words of Velero's plugin where nothing stands there": async (store, bench) => {
      const words =
        bench.words?.missing ??
        /^rpc error: code = Unknown desc = error getting object \S+\/none: NoSuchKey: The specified key does not exist\. \(bucket \S+ at http\S+\)$/
      await failure(store.stream('none'), 'missing', words)
      await failure(store.stream('none', { etag: '"e"' }), 'missing', words)
    },
  },
  'a listing': {
    'has all keys under a prefix, sorted as bytes, without the prefix of the location': async (store) => {
      for (const key of ['a/2', 'a/10', 'a.b', 'b/1', 'a/B', 'a/é']) await store.put(key, bytes('x'))
      expect(await store.list('a/')).toEqual(['a/10', 'a/2', 'a/B', 'a/é'])
      expect(await store.list('a')).toEqual(['a.b', 'a/10', 'a/2', 'a/B', 'a/é'])
      expect(await store.list('none/')).toEqual([])
    },
    'of folders has the first part of each key that has more': async (store) => {
      for (const key of ['b/1', 'a/x/1', 'a/y', 'top']) await store.put(key, bytes('x'))
      expect(await store.folders()).toEqual(['a', 'b'])
      expect(await store.folders('a/')).toEqual(['x'])
      expect(await store.folders('none/')).toEqual([])
    },
    'sees nothing of another prefix': async (store, bench) => {
      const other = await bench.open('elsewhere')
      await other.put('a', bytes('x'))
      expect(await store.list('')).toEqual([])
      expect(other.id).not.toBe(store.id)
    },
  },
  'a removal': {
    'takes objects away, and does not mind missing ones': async (store) => {
      for (const key of ['a', 'b', 'c']) await store.put(key, bytes('x'))
      await store.remove(['a', 'c', 'never-there'])
      expect(await store.list('')).toEqual(['b'])
      await store.remove([])
      await store.remove(['b'])
      expect(await store.list('')).toEqual([])
    },
  },
  'a bucket that is not there': {
    'fails each request by its name': async (_store, bench) => {
      const nowhere = await bench.openNowhere()
      const words = (doing: string) =>
        bench.words?.nowhere ??
        new RegExp(`^rpc error: code = Unknown desc = ${doing}.*NoSuchBucket: .*; create the bucket`)
      await failure(nowhere.get('a'), 'no-bucket', words('error getting object'))
      await failure(nowhere.head('a'), 'no-bucket', words('error checking object'))
      await failure(nowhere.stream('a'), 'no-bucket', words('error getting object'))
      await failure(nowhere.put('a', bytes('x')), 'no-bucket', words('error putting object'))
      await failure(nowhere.list('a'), 'no-bucket', words('error listing'))
      await failure(nowhere.folders(), 'no-bucket', words('error listing'))
      await failure(nowhere.remove(['a', 'b']), 'no-bucket', words('error deleting objects'))
    },
  },
}

async function textOf(store: ObjectStore, key: string, etag?: string): Promise<string> {
  const { body } = await store.stream(key, etag === undefined ? {} : { etag })
  const chunks: Buffer[] = []
  for await (const chunk of body) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}

async function failure(work: Promise<unknown>, kind: string, message: RegExp): Promise<void> {
  await expect(work).rejects.toMatchObject({ name: 'StoreError', kind, message: expect.stringMatching(message) })
}
