import { describe, expect, it } from 'vitest'
import type { RunReport } from './ci-reporter.ts'
import { filesAgain, judgeRun, withoutReport } from './judge-run.ts'

const report = (change: Partial<RunReport> = {}): RunReport => ({
  passed: 3,
  failed: 0,
  failures: [],
  skipped: [],
  unhandled: 0,
  brokenFiles: [],
  files: [],
  ...change,
})

const allowed = [{ test: 'the browser >', because: 'needs a browser' }]
const skipped = (test: string) => [{ file: 'test/a.test.ts', test }]

describe('the judgement of a run', () => {
  it('is good where all passed, and ends with the counts', () => {
    const { lines, good } = judgeRun(report(), [])
    expect(good).toBe(true)
    expect(lines.at(-1)).toBe('3 passed, 0 failed, 0 skipped')
  })

  it('allows the skips of the list, and prints their reasons', () => {
    const { lines, good } = judgeRun(report({ skipped: skipped('the browser > opens') }), allowed)
    expect(good).toBe(true)
    expect(lines).toContain('skipped: test/a.test.ts > the browser > opens: needs a browser')
    expect(lines.at(-1)).toBe('3 passed, 0 failed, 1 skipped')
  })

  it.each([
    ['a failed test', { failed: 1 }],
    ['a skipped test that is not on the list', { skipped: skipped('it waits') }],
    ['an error outside of tests', { unhandled: 1 }],
    ['a file that could not be loaded', { brokenFiles: ['test/c.test.ts'] }],
    ['no test at all', { passed: 0 }],
  ])('is bad with %s', (_, change) => {
    expect(judgeRun(report(change), allowed).good).toBe(false)
  })

  it('names the ten longest files', () => {
    const files = Array.from({ length: 12 }, (_, index) => ({ file: `f${index}`, seconds: index }))
    const { lines } = judgeRun(report({ files }), [])
    expect(lines.filter((line) => / s {2}f/.test(line)).map((line) => line.trim())).toEqual(
      Array.from({ length: 10 }, (_, index) => `${11 - index}.0 s  f${11 - index}`),
    )
  })

  describe('of a few files that failed', () => {
    const failing = (files: string[]) =>
      report({ failed: files.length, failures: files.map((file) => ({ file, test: 'it waits', error: '1 is not 2' })) })

    it('runs them again, and no others', () => {
      expect(filesAgain(failing(['test/e2e/a.test.ts', 'test/e2e/a.test.ts', 'test/b.servers.test.ts']))).toEqual([
        'test/e2e/a.test.ts',
        'test/b.servers.test.ts',
      ])
      expect(filesAgain(failing(['a', 'b', 'c', 'd'].map((name) => `test/e2e/${name}.test.ts`)))).toEqual([])
      expect(filesAgain(failing(['test/e2e/a.test.ts', 'test/core/a.test.ts']))).toEqual([])
      expect(filesAgain(report())).toEqual([])
    })

    it('is good where they pass then, and names them with what they said first', () => {
      const { lines, good } = judgeRun(failing(['test/e2e/a.test.ts']), [], { again: report() })
      expect(good).toBe(true)
      expect(lines).toContain('UNSTEADY, passed alone: test/e2e/a.test.ts > it waits: 1 is not 2')
      expect(lines.at(-1)).toBe('4 passed, 0 failed, 0 skipped')
    })

    it.each([
      ['they fail again', { failed: 1 }],
      ['they cannot be loaded then', { brokenFiles: ['test/a.test.ts'] }],
      ['none of their tests ran', { passed: 0 }],
    ])('is bad where %s', (_, change) => {
      expect(judgeRun(failing(['test/e2e/a.test.ts']), [], { again: report(change) }).good).toBe(false)
    })
  })

  describe('with other runs beside it', () => {
    const failure = { file: 'test/node/a.test.ts', test: 'it comes back', error: 'it did not' }

    it('counts their tests, and prints their failures', () => {
      const { lines, good } = judgeRun(report(), [], { beside: [report(), report({ failed: 1, failures: [failure] })] })
      expect(good).toBe(false)
      expect(lines).toContain('failed: test/node/a.test.ts > it comes back: it did not')
      expect(lines.at(-1)).toBe('9 passed, 1 failed, 0 skipped')
    })

    it('does not take their failures for unsteady ones of the run', () => {
      const first = report({ failed: 1, failures: [{ file: 'test/e2e/a.test.ts', test: 'it waits', error: 'no' }] })
      const beside = [report({ failed: 1, failures: [failure] })]
      expect(judgeRun(first, [], { again: report(), beside }).good).toBe(false)
      expect(judgeRun(first, [], { again: report(), beside: [report()] }).good).toBe(true)
    })

    it.each([
      ['has written no report', withoutReport('the-suite')],
      ['has a file that could not be loaded', report({ brokenFiles: ['test/node/a.test.ts'] })],
      ['has run nothing', report({ passed: 0 })],
      ['skipped what the list does not name', report({ passed: 0, skipped: skipped('on a real node > a') })],
    ])('is bad where one %s', (_, beside) => {
      expect(judgeRun(report(), allowed, { beside: [beside] }).good).toBe(false)
    })

    it('counts what was left out as skipped, with its reason', () => {
      const { lines, good } = judgeRun(report(), [], { leftOut: ['the suite: it is late'] })
      expect(good).toBe(true)
      expect(lines).toContain('left out: the suite: it is late')
      expect(lines.at(-1)).toBe('3 passed, 0 failed, 1 skipped')
    })
  })
})
