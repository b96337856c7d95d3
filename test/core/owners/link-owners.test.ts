import { describe, expect, it } from 'vitest'
import { decideLinks, expectedOwner, ownersInBackup, whyNoOwner } from '../../../core/owners/link-owners.ts'
import type { BackedUpOwner, Outcome } from '../../../core/items/outcome.ts'
import { warning } from '../../../core/items/outcome.ts'
import type { Manifest, OwnerReference } from '../../../velero/manifest.ts'

const owner: BackedUpOwner = { apiVersion: 'example.com/v1', kind: 'Gizmo', name: 'first' }
const gizmo = (uid: string, more: object = {}): Manifest => ({
  apiVersion: 'example.com/v1',
  kind: 'Gizmo',
  metadata: { namespace: 'shop', name: 'first', uid, ...more },
})
const child = (ownerReferences: OwnerReference[] | undefined, more: object = {}): Manifest => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: {
    namespace: 'shop',
    name: 'made',
    uid: 'child',
    resourceVersion: '7',
    ...(ownerReferences && { ownerReferences }),
    ...more,
  },
})
const link = (uid: string, more: object = {}): OwnerReference => ({ ...owner, uid, ...more })

describe('the owners of an object in the backup', () => {
  it('are remembered without their uids, which name objects of another cluster', () => {
    const item = child([link('old', { controller: true, blockOwnerDeletion: false })])
    expect(ownersInBackup(item)).toEqual([{ ...owner, controller: true }])
  })

  it('are those that can be read, sixteen at most', () => {
    const odd = [{ kind: 'Gizmo' }, 7, null, ...Array.from({ length: 20 }, () => link('x'))]
    expect(ownersInBackup(child(odd as OwnerReference[]))).toHaveLength(16)
    expect(ownersInBackup(child(undefined))).toEqual([])
    expect(ownersInBackup(child('x' as unknown as OwnerReference[]))).toEqual([])
  })
})

describe('an item of the backup becomes an owner again', () => {
  const outcome = (more: Partial<Outcome>): Outcome => ({ key: 'k', messages: [], at: '2026-01-01T00:00:00Z', ...more })
  const object = { group: 'example.com', version: 'v1', resource: 'gizmos', name: 'renamed', uid: 'new' }

  it.each([
    ['created', { name: 'renamed', uid: 'new' }],
    ['updated', { name: 'renamed', uid: 'new' }],
  ] as const)('where this restore %s it, under the name and the uid that it has now', (action, expected) => {
    expect(expectedOwner(owner, outcome({ action, object }))).toEqual(expected)
  })

  it('where it stood there equal', () => {
    expect(expectedOwner(owner, outcome({ action: 'skipped' }))).toEqual({ name: 'first' })
  })

  it.each([
    ['it was not in the restore', undefined, 'is not part of this restore'],
    ['it failed', outcome({ action: 'failed' }), 'was not restored'],
    [
      'another one stood there',
      outcome({ action: 'skipped', messages: [warning('cluster', 'x')] }),
      'was not restored',
    ],
    ['it was left out', outcome({ action: 'skipped', because: 'x' }), 'was not restored'],
    ['Velero does not list it', outcome({ because: 'x' }), 'was not restored'],
  ])('but not where %s', (_why, of, problem) => {
    expect(expectedOwner(owner, of)).toEqual({ problem })
  })

  it.each([
    [undefined, 'is gone'],
    [gizmo('other'), 'is another object than the one that was restored'],
    [gizmo('new', { deletionTimestamp: '2026-01-01T00:00:00Z' }), 'is being deleted'],
    [gizmo('new'), undefined],
  ])('and only if the one that stands there is certain (%#)', (live, because) => {
    expect(whyNoOwner(live, { uid: 'new' })).toBe(because)
  })
})

describe('an object that had owners', () => {
  const found = [{ owner: { ...owner, controller: true, blockOwnerDeletion: true }, live: gizmo('new') }]

  it('gets them under their new uids, by a patch of the very object that was seen', () => {
    expect(decideLinks({ live: child(undefined), uid: 'child' }, found)).toEqual({
      patch: {
        metadata: {
          uid: 'child',
          resourceVersion: '7',
          ownerReferences: [link('new', { controller: true, blockOwnerDeletion: true })],
        },
      },
      problems: [],
    })
  })

  it('keeps the owners that it has', () => {
    const other = link('other', { name: 'other' })
    expect(decideLinks({ live: child([other]), uid: 'child' }, found).patch?.metadata).toMatchObject({
      ownerReferences: [other, { uid: 'new' }],
    })
  })

  it('needs nothing where a controller has adopted it', () => {
    expect(decideLinks({ live: child([link('new')]), uid: 'child' }, found)).toEqual({ problems: [] })
  })

  it('loses owners that are gone, and keeps the others', () => {
    const other = link('other', { name: 'other' })
    const live = child([link('old'), other])
    expect(decideLinks({ live, uid: 'child', gone: ['old'] }, []).patch?.metadata).toMatchObject({
      resourceVersion: '7',
      ownerReferences: [other],
    })
    expect(decideLinks({ live, uid: 'child', gone: ['old'] }, found).patch?.metadata).toMatchObject({
      ownerReferences: [other, { uid: 'new' }],
    })
  })

  it('gets no second controller', () => {
    const standing = [link('other', { name: 'other', controller: true })]
    expect(decideLinks({ live: child(standing), uid: 'child' }, found)).toEqual({
      problems: [{ owner: found[0]?.owner, because: 'cannot be its controller, for Gizmo other is' }],
    })
  })

  it('gets none again that somebody has taken away since it was linked', () => {
    expect(decideLinks({ live: child([]), uid: 'child', linked: new Set(['new']) }, found)).toEqual({
      problems: [{ owner: found[0]?.owner, because: 'somebody has taken away again' }],
    })
    expect(decideLinks({ live: child([link('new')]), uid: 'child', linked: new Set(['new']) }, found)).toEqual({
      problems: [],
    })
  })

  it.each([undefined, child(undefined, { uid: 'another' }), child(undefined, { deletionTimestamp: 'now' })])(
    'is left alone once it is gone, another one, or on its way out (%#)',
    (live) => {
      expect(decideLinks({ live, uid: 'child' }, found)).toEqual({ problems: [] })
    },
  )
})
