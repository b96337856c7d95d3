import { describe, expect, it } from 'vitest'
import { whoChanged } from '../../../core/undo/who-changed.ts'
import type { CreatedObject } from '../../../core/undo/who-changed.ts'
import type { ManagedFieldsEntry, Manifest } from '../../../velero/manifest.ts'

const manager = 'drydock-1'
const labels = { 'velero.io/backup-name': 'b', 'velero.io/restore-name': 'r' }

const entry = (name: string, time: string, fieldsV1: object, more: object = {}): ManagedFieldsEntry => ({
  manager: name,
  operation: 'Update',
  apiVersion: 'v1',
  time,
  fieldsType: 'FieldsV1',
  fieldsV1,
  ...more,
})

const backup = '2025-01-01T00:00:00Z'
const born = '2026-01-02T03:04:05Z'
const later = '2026-01-02T04:00:00Z'
const data = { 'f:data': { '.': {}, 'f:a': {}, 'f:b': {} } }

const live = (managedFields: readonly ManagedFieldsEntry[], more: object = {}): Manifest => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: {
    name: 'one',
    namespace: 'shop',
    resourceVersion: '12',
    creationTimestamp: born,
    labels,
    managedFields: [...managedFields],
    ...more,
  },
})

const created: CreatedObject = { version: '11', manager, labels, owners: [entry('helm', backup, data)] }

describe('an object counts as unchanged', () => {
  it('where nobody has written it since', () => {
    expect(whoChanged(live([entry('kubectl-edit', later, data)]), { ...created, version: '12' })).toBeUndefined()
  })

  it.each<[string, ManagedFieldsEntry[]]>([
    ['a status was written', [entry('someone', later, { 'f:status': {} }, { subresource: 'status' })]],
    ['a part of the cluster wrote', [entry('kube-controller-manager', later, { 'f:spec': { 'f:volumeName': {} } })]],
    ['the restore itself wrote', [entry(manager, later, { 'f:spec': {} })]],
    ['an operator noted its finalizer', [entry('operator', later, { 'f:metadata': { 'f:finalizers': {} } })]],
  ])('where %s', (_what, entries) => {
    expect(whoChanged(live([entry('helm', backup, data), ...entries]), created)).toBeUndefined()
  })

  it('where it was posted in the name of the only owner', () => {
    const marks = { 'f:labels': { '.': {}, 'f:velero.io/backup-name': {}, 'f:velero.io/restore-name': {} } }
    const posted = live([entry('helm', born, { ...data, 'f:metadata': marks })])
    expect(whoChanged(posted, created)).toBeUndefined()
    expect(whoChanged(posted, { ...created, owners: undefined })).toBeUndefined()
  })

  it('where a part of the cluster has taken a field over', () => {
    const entries = [
      entry('helm', backup, { 'f:data': { '.': {}, 'f:a': {} } }),
      entry('kubelet', later, { 'f:data': { 'f:b': {} } }),
    ]
    expect(whoChanged(live(entries), created)).toBeUndefined()
  })
})

describe('an object counts as changed', () => {
  it.each<[string, ManagedFieldsEntry, RegExp]>([
    ['somebody wrote', entry('kubectl-edit', later, data), /^kubectl-edit has changed it since \(2026-01-02T04/],
    ['the same manager wrote again', entry('helm', later, data), /^helm has changed it since/],
    [
      'somebody scaled it',
      entry('kubectl', later, { 'f:spec': { 'f:replicas': {} } }, { subresource: 'scale' }),
      /^kubectl has changed it/,
    ],
    [
      'another restore changed it',
      entry('drydock-00000000-0000-4000-8000-000000000000', later, data),
      /^another restore has changed it/,
    ],
    ['a GitOps tool applied it', entry('argocd-controller', later, data), /^argocd-controller has changed it/],
  ])('where %s', (_what, one, because) => {
    const others = one.manager === 'helm' ? [] : [entry('helm', backup, data)]
    expect(whoChanged(live([...others, one]), created)).toMatch(because)
  })

  it('where a field was taken away, of which no time tells', () => {
    const entries = [entry('helm', backup, { 'f:data': { '.': {}, 'f:a': {} } })]
    expect(whoChanged(live(entries), created)).toBe('data.b was taken away since')
    const posted = [entry('helm', born, { 'f:data': { '.': {}, 'f:a': {} } })]
    expect(whoChanged(live(posted), created)).toBe('data.b was taken away since')
  })

  it('where the labels of the restore are gone', () => {
    expect(whoChanged(live([entry('helm', backup, data)], { labels: {} }), created)).toBe(
      'the labels of the restore were changed since',
    )
  })

  it('where the backup cannot be read, and somebody wrote in the second of its creation', () => {
    const unknown = { ...created, owners: undefined }
    expect(whoChanged(live([entry('helm', backup, data)]), unknown)).toBeUndefined()
    expect(whoChanged(live([entry('helm', born, data)]), unknown)).toMatch(/^helm has changed it since/)
  })
})
