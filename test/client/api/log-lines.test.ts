import { describe, expect, it } from 'vitest'
import { parseLog } from '../../../client/api/restore-handle.ts'
import { renderLog } from '../../../core/results/render-log.ts'
import type { Outcome } from '../../../core/items/outcome.ts'

describe('the lines of a log', () => {
  it('are what the worker has written', () => {
    const text = 'said "no"\nand \\ more\u0007 é'
    const outcome: Outcome = {
      key: 'configmaps|shop|a',
      action: 'failed',
      at: '2026-01-01T12:00:01Z',
      listed: { kind: 'v1/ConfigMap', name: 'shop/a' },
      messages: [{ severity: 'error', scope: 'namespace:shop', text }],
    } as Outcome
    const frame = {
      restore: { namespace: 'velero', name: 'r' },
      spec: { backupName: 'b' },
      startedAt: '2026-01-01T12:00:00Z',
      endedAt: '2026-01-01T12:00:02Z',
    }
    const lines = parseLog(renderLog(new Map([[outcome.key, outcome]]), frame))
    expect(lines[0]).toEqual({
      time: '2026-01-01T12:00:00Z',
      level: 'info',
      message: 'starting restore',
      fields: { restore: 'velero/r' },
    })
    expect(lines[2]?.fields).toEqual({
      groupResource: 'configmaps',
      namespace: 'shop',
      'original name': 'a',
      restore: 'velero/r',
    })
    const error = lines.find(({ level }) => level === 'error')
    expect(error?.message).toBe(`Namespace shop, resource restore error: ${text}`)
  })

  it('keep a line that has no such form as its message', () => {
    expect(parseLog('panic: oh\n\n')).toEqual([{ time: '', level: '', message: 'panic: oh', fields: {} }])
  })
})
