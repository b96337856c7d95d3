import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { AdmittedRef } from '../../../contract/restore-workflow.ts'
import { openJournal, shards } from '../../../activities/frame/journal.ts'
import { createSessions } from '../../../activities/frame/session.ts'
import type { PlannedSession } from '../../../activities/frame/session.ts'
import type { Archives, Ports } from '../../../activities/ports.ts'
import { ArchiveError } from '../../../core/port-errors.ts'
import { backupContentsKey } from '../../../velero/object-keys.ts'
import { archiveBody } from '../../ports/archives.ts'
import { createWorld } from '../../ports/world.ts'

const minute = 60_000
const location = 'default'
const configMap = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace: 'shop', name: 'prices' } }
const storageLocation = {
  apiVersion: 'velero.io/v1',
  kind: 'BackupStorageLocation',
  metadata: { namespace: 'velero', name: location },
  spec: { provider: 'aws', objectStorage: { bucket: 'backups' }, config: { region: 'here' } },
}
const noAbort = new AbortController().signal

/** A worker's ports, a backup in its bucket, and the archives that are open now. */
async function aWorker() {
  const world = createWorld()
  world.cluster.place(storageLocation)
  world.buckets.make('backups')
  const { ports } = world.startProcess()
  const store = await ports.stores.open(storageLocation)
  await store.put(backupContentsKey('shop'), archiveBody([{ groupResource: 'configmaps', manifest: configMap }]))
  const { archives, count } = countingArchives(ports.archives)
  const admit = async (name: string): Promise<AdmittedRef> => {
    const ref = { namespace: 'velero', name, uid: `uid-of-${name}`, cluster: ports.cluster.id, location }
    const journal = openJournal(store, ref)
    await journal.write(shards.admission, { restore: ref, spec: { backupName: 'shop' }, location, startedAt: '' })
    const etag = (await store.head(backupContentsKey('shop')))?.etag
    await journal.write(shards.plan, { etag, waves: [], provisioned: [], notes: [] })
    await journal.write(shards.facts, { actions: {}, volumes: {} })
    return ref
  }
  return { ports: { ...ports, archives } satisfies Ports, admit, count }
}

/** Archives that refuse a read after their close, as those on a disk do. */
function countingArchives(archives: Archives): { archives: Archives; count: { opened: number; open: number } } {
  const count = { opened: 0, open: 0 }
  return {
    count,
    archives: {
      async open(...args) {
        const archive = await archives.open(...args)
        let isClosed = false
        count.opened++
        count.open++
        return {
          ...archive,
          read: (entry) =>
            isClosed ? Promise.reject(new Error('read from an archive after its close')) : archive.read(entry),
          async close() {
            isClosed = true
            count.open--
          },
        }
      },
    },
  }
}

const readPrices = ({ readItem }: PlannedSession) => readItem('configmaps', { namespace: 'shop', name: 'prices' })

/** Begins to use a session as a chunk does; `end` reads an item once more and leaves. */
async function aChunk(sessions: ReturnType<typeof createSessions>, ref: AdmittedRef) {
  const begun = Promise.withResolvers<void>()
  const end = Promise.withResolvers<void>()
  const reading = sessions.withPlan(ref, noAbort, async (session) => {
    await readPrices(session)
    begun.resolve()
    await end.promise
    return readPrices(session)
  })
  await Promise.race([begun.promise, reading])
  return {
    async end() {
      end.resolve()
      return JSON.parse(await reading) as unknown
    },
  }
}

describe('the sessions of a worker', () => {
  // The time of fake timers begins at zero, which lru-cache takes for no time.
  beforeEach(
    () => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }).advanceTimersByTime(1),
  )
  afterEach(() => void vi.useRealTimers())

  it('open an archive once for all chunks of a restore', async () => {
    const { ports, admit, count } = await aWorker()
    const sessions = createSessions(ports, 50)
    const ref = await admit('again')
    const chunks = await Promise.all([1, 2, 3].map(() => aChunk(sessions, ref)))
    for (const chunk of chunks) expect(await chunk.end()).toEqual(configMap)
    expect(count).toEqual({ opened: 1, open: 1 })
  })

  it('close no archive that a chunk reads from, though it is open for more than ten minutes', async () => {
    const { ports, admit, count } = await aWorker()
    const sessions = createSessions(ports, 50)
    const chunk = await aChunk(sessions, await admit('again'))
    await vi.advanceTimersByTimeAsync(11 * minute)
    expect(count.open).toBe(1)
    expect(await chunk.end()).toEqual(configMap)
    await vi.advanceTimersByTimeAsync(11 * minute)
    expect(count.open).toBe(0)
  })

  it('close no archive that a chunk reads from when more restores come than are kept', async () => {
    const { ports, admit, count } = await aWorker()
    const sessions = createSessions(ports, 2)
    const refs = await Promise.all(['a', 'b', 'c', 'd'].map(admit))
    const chunks = await Promise.all(refs.map((ref) => aChunk(sessions, ref)))
    expect(count.open).toBe(4)
    for (const chunk of chunks) expect(await chunk.end()).toEqual(configMap)
    await vi.advanceTimersByTimeAsync(0)
    expect(count.open).toBe(2)
  })

  it('are kept for as many restores as may run at once, more than 32 too', async () => {
    const { ports, admit, count } = await aWorker()
    const sessions = createSessions(ports, 40)
    const refs = await Promise.all(Array.from({ length: 40 }, (_, index) => admit(`restore-${index}`)))
    for (const ref of [...refs, ...refs]) await sessions.withPlan(ref, noAbort, readPrices)
    expect(count).toEqual({ opened: 40, open: 40 })
  })

  it('open a fresh copy of the archive after one that turned out to be damaged on the disk', async () => {
    const { ports, admit, count } = await aWorker()
    const damaged = new ArchiveError('damaged-cache', 'not as it was written')
    const open: Archives['open'] = async (...args) => {
      const archive = await ports.archives.open(...args)
      return count.opened > 1 ? archive : { ...archive, read: () => Promise.reject(damaged) }
    }
    const sessions = createSessions({ ...ports, archives: { open } }, 50)
    const ref = await admit('again')
    await expect(sessions.withPlan(ref, noAbort, readPrices)).rejects.toBe(damaged)
    expect(JSON.parse(await sessions.withPlan(ref, noAbort, readPrices))).toEqual(configMap)
  })

  it('are read anew for a restore that was forgotten, while a chunk reads on from the old one', async () => {
    const { ports, admit, count } = await aWorker()
    const sessions = createSessions(ports, 50)
    const ref = await admit('again')
    const chunk = await aChunk(sessions, ref)
    sessions.forget(ref.uid)
    await sessions.withPlan(ref, noAbort, readPrices)
    expect(count).toEqual({ opened: 2, open: 2 })
    expect(await chunk.end()).toEqual(configMap)
    await vi.advanceTimersByTimeAsync(0)
    expect(count.open).toBe(1)
  })

  it('know what they wrote last without the bucket, until the restore is forgotten', async () => {
    const { ports, admit } = await aWorker()
    const sessions = createSessions(ports, 50)
    const ref = await admit('again')
    const { journal } = await sessions.open(ref)
    await journal.write('outcomes/mine', ['done'], { isLast: true })
    await openJournal(await ports.stores.open(storageLocation), ref).remove(['outcomes/mine'])
    expect(await journal.read('outcomes/mine')).toEqual(['done'])
    sessions.forget(ref.uid)
    expect(await (await sessions.open(ref)).journal.read('outcomes/mine')).toBeUndefined()
  })

  it('take a restore of another cluster, and one without a plan, for what they are', async () => {
    const { ports, admit, count } = await aWorker()
    const sessions = createSessions(ports, 50)
    const ref = await admit('again')
    await expect(sessions.open({ ...ref, cluster: 'other', uid: 'x' })).rejects.toMatchObject({ type: 'WrongCluster' })
    const store = await ports.stores.open(storageLocation)
    await openJournal(store, ref).remove([shards.plan])
    await expect(sessions.withPlan(ref, noAbort, readPrices)).rejects.toMatchObject({
      type: 'JournalDamaged',
      message: 'journal of restore again (uid-of-again) has no plan',
    })
    expect(count.opened).toBe(0)
  })

  it('try again what could not be opened', async () => {
    const { ports, admit } = await aWorker()
    const ref = await admit('again')
    let tries = 0
    const archives: Archives = {
      open: (...args) => (tries++ === 0 ? Promise.reject(new Error('no disk')) : ports.archives.open(...args)),
    }
    const sessions = createSessions({ ...ports, archives }, 50)
    await expect(sessions.withPlan(ref, noAbort, readPrices)).rejects.toThrow('no disk')
    expect(await sessions.withPlan(ref, noAbort, readPrices)).toBe(JSON.stringify(configMap))
  })

  it('name an item that the archive does not hold', async () => {
    const { ports, admit } = await aWorker()
    const sessions = createSessions(ports, 50)
    const read = sessions.withPlan(await admit('again'), noAbort, ({ readItem }) => readItem('pods', { name: 'web' }))
    await expect(read).rejects.toMatchObject({ kind: 'missing', message: 'the archive has no pods|||web' })
  })
})

describe('the plan of a session', () => {
  it('is the one at hand where there is one, else that of the journal', async () => {
    const { ports, admit } = await aWorker()
    const ref = await admit('again')
    const sessions = createSessions(ports, 5)
    const session = await sessions.open(ref)
    const read = await sessions.planOf(session)
    expect(read).toMatchObject({ waves: [], notes: [] })
    const used = await sessions.withPlan(ref, noAbort, async ({ plan }) => plan)
    expect(used).toEqual(read)
    expect(await sessions.planOf(session)).toBe(used)
    sessions.forget(ref.uid)
    expect(await sessions.planOf(session)).not.toBe(used)
    await session.journal.remove([shards.plan])
    expect(await sessions.planOf(session)).toBeUndefined()
  })
})
