import { describe, expect, it } from 'vitest'
import { createLog, type LogOptions } from '../../../infra/log/worker-log.ts'

function logTo(options: Partial<LogOptions> = {}) {
  const lines: string[] = []
  const stream = { write: (line: string) => void lines.push(line) }
  return { log: createLog({ level: 'info', format: 'json', stream, ...options }), lines }
}

describe('createLog', () => {
  it('writes one JSON line with level, time, msg and fields', () => {
    const { log, lines } = logTo()
    log.warn('slow', { restore: 'r', seconds: 3, error: new TypeError('bad') })
    expect(lines).toHaveLength(1)
    const { time, ...line } = JSON.parse(lines[0]!) as Record<string, unknown>
    expect(line).toEqual({
      level: 'warn',
      msg: 'slow',
      restore: 'r',
      seconds: 3,
      error: { name: 'TypeError', message: 'bad' },
    })
    expect(time).toMatch(/^\d{4}-\d\d-\d\dT.*Z$/)
  })

  it('leaves out what is below its level', () => {
    const { log, lines } = logTo()
    log.debug('detail')
    expect(lines).toEqual([])
  })

  it('never writes the value of a key that names a secret, at any depth, nor what is nested too deep', () => {
    const { log, lines } = logTo()
    const secrets = {
      secretAccessKey: 's3cr3t',
      headers: { Authorization: 's3cr3t' },
      list: [{ session_token: 's3cr3t' }],
      data: { a: 's3cr3t' },
    }
    log.info('x', { ...secrets, a: { b: { c: { d: { e: 's3cr3t' } } } }, tokens: 4, hasToken: true })
    expect(lines[0]).not.toContain('s3cr3t')
    expect(JSON.parse(lines[0]!)).toMatchObject({ secretAccessKey: '[redacted]', tokens: 4, hasToken: true })
  })

  it('writes a line for people where that is asked for', () => {
    const { log, lines } = logTo({ format: 'pretty' })
    log.error('failed', { key: 'a/b', why: 'no space left' })
    expect(lines[0]).toMatch(/^\d\d:\d\d:\d\d ERROR failed key=a\/b why="no space left"\n$/)
  })
})
