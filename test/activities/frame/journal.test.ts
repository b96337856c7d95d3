import { gzipSync } from 'node:zlib'
import { beforeEach, describe, expect, it } from 'vitest'
import { openJournal, outcomesShard, readOutcomes } from '../../../activities/frame/journal.ts'
import { StoreError } from '../../../core/port-errors.ts'
import type { Outcome } from '../../../core/items/outcome.ts'
import type { ObjectStore } from '../../../activities/ports.ts'
import { createBuckets } from '../../ports/bucket/bucket.ts'

const location = {
  apiVersion: 'velero.io/v1',
  kind: 'BackupStorageLocation',
  metadata: { namespace: 'velero', name: 'default' },
  spec: { provider: 'aws', objectStorage: { bucket: 'backups' }, config: { region: 'here' } },
}
const owner = { name: 'again', uid: 'uid-1', cluster: 'c-1' }
const folder = 'restores/again/drydock/uid-1/'
const outcome = (key: string): Outcome => ({ key, messages: [], at: 't' })

describe('a journal', () => {
  let buckets = createBuckets()
  let store: ObjectStore
  beforeEach(async () => {
    buckets = createBuckets()
    buckets.make('backups')
    store = await buckets.open(location)
  })
  const open = (more: Partial<typeof owner> = {}) => openJournal(store, { ...owner, ...more })

  it('gives back what was written, and nothing where nothing was', async () => {
    await open().write('plan', { waves: [] })
    expect(await open().read('plan')).toEqual({ waves: [] })
    expect(await open().read('facts')).toBeUndefined()
    expect([...buckets.objects('backups').keys()]).toEqual([`${folder}plan.json.gz`])
  })

  it('writes a shard once: a later writer gets what the first one wrote', async () => {
    expect(await open().writeOnce('admission', { verdict: 1 })).toEqual({ verdict: 1 })
    expect(await open().writeOnce('admission', { verdict: 2 })).toEqual({ verdict: 1 })
    expect(await open().read('admission')).toEqual({ verdict: 1 })
  })

  it('fetches nothing that it wrote last, and all that others may have written since', async () => {
    const own = new Map<string, Buffer>()
    const fetched: string[] = []
    const get: ObjectStore['get'] = (key, ...more) => {
      fetched.push(key.slice(folder.length))
      return store.get(key, ...more)
    }
    const journal = openJournal({ ...store, get }, owner, own)
    await open().writeOnce('facts', 'of another')
    await journal.writeOnce('facts', 'mine')
    await journal.writeOnce('plan', 'mine')
    await journal.write('outcomes/a', 'mine', { isLast: true })
    await journal.write('operations/a', 'mine')
    fetched.splice(0)
    const names = ['facts', 'plan', 'outcomes/a', 'operations/a']
    expect(await Promise.all(names.map((name) => journal.read(name)))).toEqual(['of another', 'mine', 'mine', 'mine'])
    expect(fetched).toEqual(['facts.json.gz', 'operations/a.json.gz'])
    await journal.remove(['outcomes/a'])
    expect(await journal.read('outcomes/a')).toBeUndefined()
  })

  it('remembers no more memory than the bytes of a shard', async () => {
    const own = new Map<string, Buffer>()
    const journal = openJournal(store, owner, own)
    await journal.writeOnce('plan', 'small')
    await journal.write('outcomes/a', 'x'.repeat(100_000), { isLast: true })
    expect([...own.values()].map(({ length }) => length)).toEqual(
      [...own.values()].map(({ buffer }) => buffer.byteLength),
    )
    expect(own.size).toBe(2)
  })

  it('remembers nothing that may not have got there', async () => {
    const own = new Map<string, Buffer>()
    const put = () => Promise.reject(new StoreError('unreachable', 'no route'))
    const journal = openJournal({ ...store, put }, owner, own)
    await expect(journal.write('outcomes/a', [], { isLast: true })).rejects.toThrow('no route')
    await expect(journal.writeOnce('plan', [])).rejects.toThrow('no route')
    expect(own.size).toBe(0)
  })

  it('lists shards by name, sorted, and removes them', async () => {
    for (const name of ['outcomes/b', 'outcomes/a', 'plan']) await open().write(name, [])
    expect(await open().list('outcomes/')).toEqual(['outcomes/a', 'outcomes/b'])
    await open().remove(['outcomes/a', 'never'])
    expect(await open().list('')).toEqual(['outcomes/b', 'plan'])
  })

  it.each<[string, Buffer]>([
    ['no gzip', Buffer.from('{}')],
    ['cut off', gzipSync(JSON.stringify({ a: 'b'.repeat(1000) })).subarray(0, 30)],
    ['no JSON', gzipSync('nope')],
    ['empty', Buffer.alloc(0)],
  ])('names a shard that is damaged: %s', async (_what, body) => {
    buckets.place('backups', `${folder}plan.json.gz`, body)
    await expect(open().read('plan')).rejects.toMatchObject({
      type: 'JournalDamaged',
      nonRetryable: true,
      message: `journal shard ${folder}plan.json.gz cannot be read: it is damaged or was written by someone else`,
    })
  })

  it.each(['null', '{}', '[]', '3', '{"header":null}'])('names a shard without a header: %s', async (text) => {
    buckets.place('backups', `${folder}plan.json.gz`, gzipSync(text))
    await expect(open().read('plan')).rejects.toMatchObject({ type: 'JournalDamaged' })
    await expect(open().writeOnce('plan', {})).rejects.toMatchObject({ type: 'JournalDamaged' })
  })

  it.each([
    ['another restore', { uid: 'uid-2' }, 'plan'],
    ['another cluster', { cluster: 'c-2' }, 'plan'],
    ['another shard', {}, 'facts'],
  ])('names a shard of %s', async (_whose, whose, name) => {
    await open(whose).write(name, {})
    const written = [...buckets.objects('backups').values()][0] ?? Buffer.alloc(0)
    buckets.place('backups', `${folder}plan.json.gz`, written)
    await expect(open().read('plan')).rejects.toMatchObject({
      type: 'JournalDamaged',
      message: expect.stringMatching(/plan\.json\.gz belongs to restore uid .*: it is not this restore's$/),
    })
  })

  it('reads the outcomes of a chunk, or of all', async () => {
    const journal = open()
    await journal.write(outcomesShard('wave-000/chunk-00000', 'r-1-001', 0), [outcome('a')])
    await journal.write(outcomesShard('wave-000/chunk-00000', 'r-1-002', 0), [outcome('a'), outcome('b')])
    await journal.write(outcomesShard('wave-001/chunk-00000', 'r-2-001', 0), [outcome('c')])
    expect((await readOutcomes(journal, 'wave-000/chunk-00000')).map(({ key }) => key)).toEqual(['a', 'a', 'b'])
    expect((await readOutcomes(journal, '')).map(({ key }) => key)).toEqual(['a', 'a', 'b', 'c'])
    expect(await readOutcomes(journal, 'wave-002/chunk-00000')).toEqual([])
  })

  it('takes a shard that is listed and missing for damage, not for nothing', async () => {
    const journal = open()
    const listing = { ...journal, list: async () => ['outcomes/wave-000/chunk-00000/r-1'] }
    await expect(readOutcomes(listing, '')).rejects.toMatchObject({ type: 'JournalDamaged' })
  })
})
