import { describe, expect, it } from 'vitest'
import { restoreTable } from '../../../client/show/restore-table.ts'
import type { Restore } from '../../../velero/restore.ts'

const restore: Restore = {
  apiVersion: 'velero.io/v1',
  kind: 'Restore',
  metadata: { name: 'shop-1', labels: { 'example.com/owner': 'ann', app: 'shop' } },
  spec: { scheduleName: 'nightly' },
  status: { phase: 'Completed', progress: { itemsRestored: 2, totalItems: 3 } },
}

describe('a table of Restores', () => {
  it('has columns for labels at the right, where they are asked for', () => {
    const [head, row] = restoreTable([restore], {
      labelColumns: ['example.com/owner', 'none'],
      showLabels: true,
    }).split('\n')
    expect(head).toMatch(/^NAME +PHASE +BACKUP .* COMPLETED +OWNER +NONE +LABELS$/)
    expect(row).toMatch(/^shop-1 +Completed +schedule nightly +2\/3 .* ann +example\.com\/owner=ann,app=shop$/)
  })

  it('says that there is no label', () => {
    const bare = { ...restore, metadata: { name: 'bare' } }
    expect(restoreTable([bare], { showLabels: true })).toMatch(/<none>$/)
    expect(restoreTable([bare])).not.toContain('LABELS')
  })
})
