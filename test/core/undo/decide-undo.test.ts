import { describe, expect, it } from 'vitest'
import type { Outcome } from '../../../core/items/outcome.ts'
import { applyMergePatch } from '../../../core/modifiers/merge-patch.ts'
import { contentsOf, takeBack } from '../../../core/undo/change-note.ts'
import type { ChangeNote } from '../../../core/undo/change-note.ts'
import { decideUndo, goesWithClaim } from '../../../core/undo/decide-undo.ts'
import type { UndoFacts } from '../../../core/undo/decide-undo.ts'
import { isUndoable, overRuns } from '../../../core/undo/written-item.ts'
import type { Manifest } from '../../../velero/manifest.ts'

const manager = 'drydock-1'
const object = { group: '', version: 'v1', resource: 'configmaps', namespace: 'shop', name: 'one', uid: 'u1' }

const live = (metadata: object = {}, data: object = { a: '1' }): Manifest => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'one', namespace: 'shop', uid: 'u1', resourceVersion: '5', ...metadata },
  data,
})

const outcome = (more: Partial<Outcome> = {}): Outcome => ({
  key: 'configmaps|shop|one',
  action: 'created',
  object,
  version: '5',
  messages: [],
  at: '2026-01-01T00:00:00Z',
  ...more,
})

const facts = (more: Partial<UndoFacts> = {}): UndoFacts => ({
  outcome: outcome(),
  note: undefined,
  live: live(),
  created: { manager, labels: undefined, owners: [] },
  isInPlace: false,
  isRecreated: false,
  earlier: undefined,
  ...more,
})

const before = live({ labels: { team: 'x' } }, { a: 'mine', c: '3' })
const patch = { metadata: { labels: { team: null, by: 'restore' } }, data: { a: '1', c: null } }
const ours = { managedFields: [{ manager, time: '2026-01-01T00:00:00Z' }] }
const patched = (() => {
  const after = applyMergePatch(before, patch) as Manifest
  return { ...after, metadata: { ...after.metadata, ...ours } }
})()
const note: ChangeNote = {
  key: 'configmaps|shop|one',
  object,
  at: '2026-01-01T00:00:00Z',
  ...(takeBack(before, patch, manager) ?? { back: {}, owners: [] }),
}
const updated = { outcome: outcome({ action: 'updated', contents: contentsOf(patched) }), note }

describe('the undo of a created object', () => {
  it('deletes it where nobody has written it since', () => {
    expect(decideUndo(facts())).toMatchObject({ do: 'delete', object })
  })

  it.each<[string, Partial<UndoFacts>, string]>([
    ['it is gone', { live: undefined }, 'gone'],
    ['it is on its way out', { live: live({ deletionTimestamp: '2026-01-01T00:00:00Z' }) }, 'gone'],
    ['it was created again', { live: live({ uid: 'u2' }) }, 'keep'],
    ['something else stood in its place', { isRecreated: true }, 'keep'],
    ['its data are in a volume of before', { isInPlace: true }, 'keep'],
  ])('says what it comes to where %s', (_what, more, wanted) => {
    expect(decideUndo(facts(more))?.do).toBe(wanted)
  })

  it('takes a kind that controllers make again for gone', () => {
    const slice = { ...object, group: 'discovery.k8s.io', resource: 'endpointslices' }
    expect(decideUndo(facts({ outcome: outcome({ object: slice }), live: live({ uid: 'u2' }) }))?.do).toBe('gone')
  })

  it('counts what an earlier attempt has deleted as deleted', () => {
    const earlier = { key: 'configmaps|shop|one', object, do: 'delete' as const }
    expect(decideUndo(facts({ live: undefined, earlier }))?.do).toBe('delete')
    expect(decideUndo(facts({ live: live({ uid: 'u2' }), earlier }))?.do).toBe('delete')
  })

  it('does nothing for an item that was not written', () => {
    expect(decideUndo(facts({ outcome: outcome({ action: 'skipped' }) }))).toBeUndefined()
    expect(decideUndo(facts({ outcome: outcome({ action: 'failed' }) }))).toBeUndefined()
  })

  it.each([
    ['Delete', 'delete', goesWithClaim],
    ['Retain', 'keep', 'its reclaim policy keeps its data: delete it by hand'],
  ])('leaves a volume of policy %s to its claim', (persistentVolumeReclaimPolicy, wanted, because) => {
    const volume = { group: '', version: 'v1', resource: 'persistentvolumes', name: 'pv', uid: 'u1' }
    const spec = { persistentVolumeReclaimPolicy, claimRef: { uid: 'c' } }
    const standing = { ...live(), spec }
    expect(decideUndo(facts({ outcome: outcome({ object: volume }), live: standing }))).toMatchObject({
      do: wanted,
      because,
    })
  })
})

describe('the undo of a changed object', () => {
  it('puts back what stood there', () => {
    expect(decideUndo(facts({ ...updated, live: patched }))?.do).toBe('put-back')
    const { metadata, data } = applyMergePatch(patched, note.back) as Manifest & { data: object }
    expect({ labels: metadata.labels, data }).toEqual({ labels: { team: 'x' }, data: { a: 'mine', c: '3' } })
  })

  it('puts it back where a controller wrote the status, and what it notes for itself', () => {
    const annotations = { 'deployment.kubernetes.io/revision': '2' }
    const seen = {
      ...patched,
      status: { ready: true },
      metadata: { ...patched.metadata, annotations, resourceVersion: '9' },
    }
    expect(decideUndo(facts({ ...updated, live: seen }))?.do).toBe('put-back')
  })

  it('says nothing of what the cluster makes of its own, and has put back itself', () => {
    const name = 'kube-root-ca.crt'
    const own = { outcome: { ...updated.outcome, object: { ...object, name } }, note }
    const decided = (writer: string) => {
      const managedFields = [...ours.managedFields, { manager: writer, time: '2026-01-02T00:00:00Z' }]
      return decideUndo(facts({ ...own, live: live({ name, resourceVersion: '9', managedFields }, { a: 'new' }) }))
    }
    expect(decided('kube-controller-manager')).toBeUndefined()
    expect(decided('kubectl-edit')).toMatchObject({ do: 'keep' })
  })

  it('keeps it where somebody has changed it', () => {
    const managedFields = [...ours.managedFields, { manager: 'kubectl-edit', time: '2026-01-02T00:00:00Z' }]
    const seen = {
      ...patched,
      data: { a: 'theirs' },
      metadata: { ...patched.metadata, resourceVersion: '9', managedFields },
    }
    expect(decideUndo(facts({ ...updated, live: seen }))).toMatchObject({
      do: 'keep',
      because: 'kubectl-edit has changed it since (2026-01-02T00:00:00Z)',
    })
  })

  it('keeps it where nobody knows for sure what stood there', () => {
    const raced = { ...updated, outcome: outcome({ action: 'updated' }) }
    expect(decideUndo(facts({ ...raced, live: patched }))?.do).toBe('keep')
  })

  it('notes nothing for an object that this restore has patched before', () => {
    expect(takeBack(patched, { data: { z: '1' } }, manager)).toBeUndefined()
  })
})

describe('over the runs of a restore', () => {
  it('what an earlier run has created is created, by its last version', () => {
    const later = { outcome: outcome({ action: 'updated', version: '9' }), note }
    expect(overRuns({ outcome: outcome(), note: undefined }, later)).toMatchObject({
      outcome: { action: 'created', version: '9' },
    })
  })

  it('the first note about a change tells what stood there', () => {
    const later = { ...updated, note: { ...note, back: {} } }
    expect(overRuns(updated, later)?.note).toBe(note)
  })

  it('a run that wrote nothing changes nothing', () => {
    const earlier = { outcome: outcome(), note: undefined }
    expect(overRuns(earlier, { outcome: outcome({ action: 'skipped' }), note: undefined })).toBe(earlier)
  })

  it('a journal of an earlier version does not say what is needed', () => {
    const { version: _version, ...old } = outcome()
    expect([isUndoable(outcome()), isUndoable(old), isUndoable({ ...old, action: 'skipped' })]).toEqual([
      true,
      false,
      true,
    ])
  })
})
