import { describe, expect, it } from 'vitest'
import { renderTable } from '../../../client/show/render-table.ts'

describe('a table', () => {
  it('leaves columns out where the terminal is too narrow', () => {
    const rows = [['shop-1', 'Completed', '2026-01-01T00:00:00Z']]
    expect(renderTable(['NAME', 'PHASE', 'CREATED'], rows, 30)).toBe('NAME     PHASE\nshop-1   Completed')
    expect(renderTable(['NAME', 'PHASE', 'CREATED'], rows)).toContain('2026')
  })

  it('aligns numbers to the right, and fills cells that are missing', () => {
    const rows = [
      ['pods', 12],
      ['configmaps', 3],
    ]
    expect(renderTable(['kind', 'objects'], rows)).toBe(
      'kind         objects\npods              12\nconfigmaps         3',
    )
    expect(renderTable(['a', 'b'], [['x']])).toBe('a   b\nx')
  })
})
