import { describe, expect, it } from 'vitest'
import { workLeft } from '../../../core/finalize/work-left.ts'
import type { ThroughFacts } from '../../../core/finalize/work-left.ts'
import { itemKey } from '../../../core/items/outcome.ts'
import { tallyOf } from '../../../core/results/tally.ts'
import type { GroupResource } from '../../../velero/resource.ts'

const none = {
  newVolumes: false,
  leftovers: false,
  lostOwners: false,
  workloadsAtZero: false,
  hooks: false,
  traces: false,
}
const plain = ['admission', 'facts', 'plan', 'outcomes/wave-000/chunk-00000/a-0000']

function left({ items = [], ...facts }: Partial<Omit<ThroughFacts, 'tally'>> & { items?: GroupResource[] }) {
  const outcomes = items.map((groupResource) => {
    const key = itemKey({ groupResource, namespace: 'shop', name: 'one' })
    return { key, action: 'created' as const, messages: [], at: '2026-01-01T00:00:00Z' }
  })
  return workLeft({ tally: tallyOf(outcomes), volumes: [], shards: plain, ...facts })
}

describe('what is left to do once all items are through', () => {
  it('is nothing for Secrets, ConfigMaps and pods without hooks', () => {
    expect(left({ items: ['secrets', 'configmaps', 'pods'] })).toEqual(none)
  })

  it.each([
    { method: 'CSISnapshot', items: ['persistentvolumeclaims'], newVolumes: true },
    { method: 'PodVolumeBackup', items: ['persistentvolumeclaims'], newVolumes: true },
    { method: 'NativeSnapshot', items: ['persistentvolumeclaims'], newVolumes: false },
    { method: 'CSISnapshot', items: ['persistentvolumeclaims.other.io'], newVolumes: false },
    { method: 'CSISnapshot', items: [], newVolumes: false },
  ] as const)('is to see to new volumes of $items from a $method: $newVolumes', ({ method, items, newVolumes }) => {
    expect(left({ items: [...items], volumes: [{ backupMethod: method }] })).toEqual({ ...none, newVolumes })
  })

  it('is to remove what a data mover or a group snapshot has left', () => {
    expect(left({ items: ['datauploads.velero.io'] })).toEqual({ ...none, leftovers: true })
    const grouped = (handle: string) => [{ csiSnapshotInfo: { volumeGroupSnapshotHandle: handle } }]
    expect(left({ volumes: grouped('vgs-1') })).toEqual({ ...none, leftovers: true })
    expect(left({ volumes: grouped('') })).toEqual(none)
  })

  it.each([
    ['intents/wave-000/chunk-00000/a-0', { traces: true }],
    ['answers/pods|shop|web', { traces: true }],
    ['hooks/registered/wave-000/chunk-00000/a-0', { hooks: true, traces: true }],
    ['hooks/verdict', { hooks: true, traces: true }],
    ['volume-infos', {}],
  ])('follows from the shard %s', (name, more) => {
    expect(left({ shards: [...plain, name] })).toEqual({ ...none, ...more })
  })
})
