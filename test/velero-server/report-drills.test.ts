import { describe, expect, it } from 'vitest'
import { drillRecordOf } from '../../core/drill/drill-record.ts'
import { drillFolder, drillRecordKey } from '../../velero/object-keys.ts'
import { recordReader } from '../../velero-server/report-drills.ts'
import { aLocation } from '../infra/store/start-s3.ts'
import { createWorld } from '../ports/world.ts'

const folderOf = (name: string) => drillFolder({ cluster: 'c', namespace: 'velero', name })
const folders = [folderOf('daily'), folderOf('weekly')]

/** A world with the locations `a` and `b`, each with a bucket of its name, and what reads the records in them. */
function world() {
  const made = createWorld()
  const { cluster, buckets } = made
  cluster.place({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'velero' } })
  for (const name of ['a', 'b']) {
    buckets.make(name)
    const location = aLocation({ url: 'http://127.0.0.1:9000' }, name)
    cluster.place({ ...location, metadata: { ...location.metadata, name } })
  }
  const { ports } = made.startProcess()
  const asked: string[] = []
  const away = new Set<string>()
  const stores: typeof ports.stores = {
    async open(location) {
      const { name } = location.metadata
      asked.push(`open ${name}`)
      if (away.has(name)) throw new Error('the bucket is away')
      const store = await ports.stores.open(location)
      return { ...store, get: (key) => (asked.push(`get ${key}`), store.get(key)) }
    },
  }
  const signal = new AbortController().signal
  const read = recordReader({ ports: { ...ports, stores }, namespace: 'velero', signal })
  return {
    asked,
    away,
    put: (bucket: string, folder: string, stamp: string, ok: boolean) => {
      const because = ok ? {} : { because: 'no backup' }
      const outcome = { phase: 'Completed', items: 1, warnings: 0, errors: 0 }
      const at = '2026-01-01T03:00:00.000Z'
      const record = drillRecordOf({ drill: 'd', at, restore: stamp, outcome, left: [], ...because })
      buckets.place(bucket, drillRecordKey(folder, stamp), Buffer.from(JSON.stringify(record)))
    },
    /** The stamps of the records that are told, by folder. */
    told: async () => [...(await read(folders)).values()].map((records) => records.map(({ restore }) => restore)),
  }
}

describe('the records of drills', () => {
  it('are those of all locations, to the last success', async () => {
    const { put, told } = world()
    put('a', folders[0]!, '20260101030000', false)
    put('a', folders[0]!, '20260102030000', true)
    put('a', folders[0]!, '20260103030000', false)
    put('b', folders[0]!, '20260104030000', false)
    put('b', folders[1]!, '20260105030000', true)
    expect(await told()).toEqual([['20260103030000', '20260102030000', '20260104030000'], ['20260105030000']])
  })

  it('are read once, from a location that is opened once for all drills', async () => {
    const { put, told, asked } = world()
    put('a', folders[0]!, '20260101030000', true)
    put('a', folders[1]!, '20260102030000', true)
    await told()
    expect(asked.filter((one) => one.startsWith('get'))).toHaveLength(2)
    asked.length = 0
    expect(await told()).toEqual([['20260101030000'], ['20260102030000']])
    expect(asked).toEqual(['open a', 'open b'])
  })

  it('are told as they were read last where a location is away, and those of the others as they are', async () => {
    const { put, told, away } = world()
    put('a', folders[0]!, '20260101030000', true)
    await told()
    away.add('a')
    put('b', folders[0]!, '20260102030000', true)
    expect(await told()).toEqual([['20260101030000', '20260102030000'], []])
  })
})
