import { describe, expect, it } from 'vitest'
import { createLines, createPluginLog } from '../../../infra/plugins/plugin-log.ts'
import type { Log } from '../../../activities/ports.ts'

function told() {
  const lines: [string, string][] = []
  const at = (level: string) => (message: string) => void lines.push([level, message])
  const log: Log = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
  return { log, lines }
}

describe('what a plugin prints', () => {
  it('goes to the log with its level, without the other fields of a line', () => {
    const { log, lines } = told()
    const line = createPluginLog(log, 'p')
    line('{"@level":"warn","@message":"careful","manifest":"secret"}')
    line('{"level":"error"}')
    line('plain')
    line('  ')
    expect(lines).toEqual([
      ['warn', 'plugin p: careful'],
      ['info', 'plugin p: {"level":"error"}'],
      ['info', 'plugin p: plain'],
    ])
  })

  it('is cut where it is a flood, and the rest is counted', () => {
    const { log, lines } = told()
    let now = 5000
    const line = createPluginLog(log, 'p', () => now)
    for (let index = 0; index < 1000; index++) line('x')
    expect(lines).toHaveLength(200)
    now += 1000
    line('y')
    expect(lines.slice(200)).toEqual([
      ['warn', 'plugin p printed too much: 800 lines were left out'],
      ['info', 'plugin p: y'],
    ])
  })

  it('is cut into lines, of which none is longer than a bound', () => {
    const lines: string[] = []
    const cut = createLines((line) => void lines.push(line))
    cut.push('a\nb')
    cut.push('c\n')
    for (let index = 0; index < 100; index++) cut.push('x'.repeat(10_000))
    cut.end()
    expect(lines.map((line) => line.length)).toEqual([1, 2, 65_536])
  })
})
