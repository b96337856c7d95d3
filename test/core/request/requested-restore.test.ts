import { describe, expect, it } from 'vitest'
import { isRequestedBy, isRestoreOver, requestedRestore } from '../../../core/request/requested-restore.ts'
import { claimedAnnotation } from '../../../velero/labels.ts'
import { restartFailureReason } from '../../../velero/defaults.ts'

describe('a Restore that a workflow asks for', () => {
  const spec = { backupName: 'shop' }

  it('has the same name for the same request, and another one for another', () => {
    const name = (requestId: string) => requestedRestore({ spec }, requestId, 'velero').metadata.name
    expect(name('a/1')).toMatch(/^shop-[0-9a-f]{10}$/)
    expect(name('a/1')).toBe(name('a/1'))
    expect(name('a/2')).not.toBe(name('a/1'))
    expect(requestedRestore({ spec: { backupName: 'x'.repeat(80) } }, 'a/1', 'velero').metadata.name).toHaveLength(63)
  })

  it('is told from one that somebody else has made under its name', () => {
    const restore = requestedRestore({ spec, name: 'mine', labels: { a: 'b' } }, 'a/1', 'velero')
    expect(restore.metadata).toMatchObject({ name: 'mine', namespace: 'velero', labels: { a: 'b' } })
    expect(isRequestedBy(restore, 'a/1')).toBe(true)
    expect(isRequestedBy(restore, 'a/2')).toBe(false)
  })

  it('is over in a terminal phase, unless a starting Velero server has set it by mistake', () => {
    const made = requestedRestore({ spec }, 'a/1', 'velero')
    const restore = (phase: 'InProgress' | 'Completed' | 'Failed', failureReason?: string) => ({
      ...made,
      metadata: { ...made.metadata, annotations: { [claimedAnnotation]: 'w, now' } },
      status: { phase, ...(failureReason === undefined ? {} : { failureReason }) },
    })
    expect(isRestoreOver(made)).toBe(false)
    expect(isRestoreOver(restore('InProgress'))).toBe(false)
    expect(isRestoreOver(restore('Completed'))).toBe(true)
    expect(isRestoreOver(restore('Failed', restartFailureReason))).toBe(false)
  })
})
