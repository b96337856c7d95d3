import { describe, expect, it } from 'vitest'
import type { Manifest } from '../../../velero/manifest.ts'
import type { Restore } from '../../../velero/restore.ts'
import { differences } from '../../activities/crash/end-state.ts'
import type { DumpedObject } from '../../parity/dump-cluster.ts'
import { describeEnd, ofAnyRun } from './end-state.ts'
import type { Left } from './end-state.ts'

const uids = ['0a1b2c3d-0000-4000-8000-000000000001', '0a1b2c3d-0000-4000-8000-000000000002'] as const

const anObject = (metadata: object, rest: object = {}): DumpedObject => ({
  _managers: ['unknown:Update'],
  metadata: { ...metadata },
  ...rest,
})

/** What the restore of that number leaves, with an order of a node agent. */
function left(number: 1 | 2, { orders = 1, value = 'v' } = {}): Left {
  const [name, uid] = [`chaos00000${number}`, uids[number - 1] ?? '']
  const labels = { 'velero.io/restore-name': name }
  const order = (at: number) => {
    const metadata = { name: `${name}-${number}${at}cdef012345`, namespace: 'velero', labels }
    const spec = { targetVolume: { namespace: `${name}-moved`, pvc: 'data' } }
    return [`datadownloads.velero.io|velero|${metadata.name}`, anObject(metadata, { spec })] as const
  }
  const one = anObject({ name: 'one', namespace: `${name}-web`, labels }, { data: { key: value } })
  const dump = {
    [`configmaps|${name}-web|one`]: one,
    'configmaps|elsewhere|one': anObject({ name: 'one', namespace: 'elsewhere' }, { data: { key: String(number) } }),
    ...Object.fromEntries(Array.from({ length: orders }, (_, at) => order(at))),
  }
  const manifest: Manifest = { apiVersion: 'velero.io/v1', kind: 'Restore', metadata: { name, uid } }
  const infos = [{ pvcName: 'a', pvcNamespace: `${name}-moved` }, { pvcName: 'b' }]
  const files = {
    log: `of ${name}`,
    results: { warnings: {}, errors: {} },
    resourceList: { 'v1/ConfigMap': [`${name}-web/one(created)`] },
    itemOperations: [
      {
        spec: {
          operationID: `dd-${uid}.11111111-0000-4000-8000-00000000000${number}`,
          created: `2026-11-29T0${number}:00:00Z`,
        },
      },
    ],
    volumeInfo: number === 1 ? infos : infos.toReversed(),
  }
  const status = { phase: 'Completed', startTimestamp: `2026-11-29T0${number}:00:00Z` }
  const sent = [{ namespace: `${name}-shop`, pod: 'p', container: 'app', command: ['run', 'first'] }]
  return { restore: { ...manifest, spec: { backupName: 'mixed' }, status } as unknown as Restore, dump, files, sent }
}

const found = (actual: Left) => differences(describeEnd(actual), describeEnd(left(1)))

describe('the ends of two restores', () => {
  it('are equal but for names, uids and times, and for the order of what comes in any order', () => {
    expect(found(left(2))).toEqual([])
  })

  it('differ by a value of an object', () => {
    expect(found(left(2, { value: 'other' }))).toEqual([
      'objects > configmaps|<restore>-web|one > data > key: "other" instead of "v"',
    ])
  })

  it('differ by a second order for the same claim', () => {
    expect(found(left(2, { orders: 2 }))).toHaveLength(1)
  })

  it('are equal but for orders that were called off, where one has been retried', () => {
    const end = left(2, { orders: 2 })
    const [first = '', second = ''] = Object.keys(end.dump).filter((key) => key.startsWith('datadownloads'))
    const of = (phases: [string, string]) => {
      const orders = { [first]: { phase: phases[0] }, [second]: { phase: phases[1] } }
      const dump = Object.entries(end.dump).map(([key, object]) => [
        key,
        key in orders ? { ...object, status: orders[key] } : object,
      ])
      return ofAnyRun(describeEnd({ ...end, dump: Object.fromEntries(dump) as Left['dump'] }))
    }
    const one = left(1)
    const [only = ''] = Object.keys(one.dump).filter((key) => key.startsWith('datadownloads'))
    const done = { ...one.dump, [only]: { ...one.dump[only], status: { phase: 'Completed' } } as DumpedObject }
    const undisturbed = ofAnyRun(describeEnd({ ...one, dump: done }))
    expect(differences(of(['Canceled', 'Completed']), undisturbed)).toEqual([])
    expect(differences(of(['Completed', 'Canceled']), undisturbed)).toEqual([])
    expect(differences(of(['Completed', 'Completed']), undisturbed)).toHaveLength(1)
    expect(differences(of(['Canceled', 'Failed']), undisturbed)).toHaveLength(1)
  })

  it('differ by a command that was sent twice', () => {
    const end = left(2)
    expect(found({ ...end, sent: [...end.sent, ...end.sent] })).toEqual([
      'ran > <restore>-shop/p app: run first: 2 instead of 1',
    ])
  })

  it('differ by a result file that is missing', () => {
    const end = left(2)
    expect(found({ ...end, files: { ...end.files, resourceList: undefined } })).toHaveLength(1)
  })
})
