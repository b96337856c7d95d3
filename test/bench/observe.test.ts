import { describe, expect, it } from 'vitest'
import { callsBetween, parseCalls } from '../../bench/observe/count-calls.ts'
import { parseProcessorTimes, useBetween } from '../../bench/observe/machine.ts'
import { cpuOf, parseStat, treeOf } from '../../bench/observe/process-table.ts'

describe('the process table', () => {
  it('reads parent and CPU time with that of ended children, whatever the name of the program', () => {
    const line = `42 (a) b (c) S 7 42 42 0 -1 4194304 100 0 0 0 150 50 30 20 20 0 1 0 2685748`
    expect(parseStat(line)).toEqual({ pid: 42, parent: 7, cpuSeconds: 2.5 })
    expect(parseStat('')).toBeUndefined()
  })

  it('counts a process and all below it, and no other', () => {
    const row = (pid: number, parent: number, cpuSeconds: number) => ({ pid, parent, cpuSeconds })
    const rows = [row(3, 2, 4), row(1, 0, 1), row(2, 1, 2), row(9, 0, 100)]
    expect(treeOf(1, rows).map(({ pid }) => pid)).toEqual([1, 2, 3])
    expect(cpuOf(1, rows)).toBe(7)
    expect(cpuOf(77, rows)).toBe(0)
  })
})

describe('the machine', () => {
  it('tells what others used from what the bench used', () => {
    const first = { busy: 6, idle: 5.5, stolen: 1 }
    expect(parseProcessorTimes('cpu  300 100 100 500 50 40 60 100 0 0\ncpu0 1')).toEqual(first)
    const to = { atSeconds: 20, times: { busy: 18, idle: 13.5, stolen: 2 }, oursSeconds: 12 }
    const from = { atSeconds: 10, times: first, oursSeconds: 3 }
    expect(useBetween(from, to)).toEqual({ foreign: 0.3, stolen: 0.1, idle: 0.8 })
  })

  it('never finds less than nothing, since clocks tick at different times', () => {
    const times = { busy: 0, idle: 0, stolen: 0 }
    const from = { atSeconds: 0, times, oursSeconds: 0 }
    expect(useBetween(from, { atSeconds: 1, times, oursSeconds: 0.02 }).foreign).toBe(0)
  })
})

describe('the requests that the API server counts', () => {
  const metrics = [
    '# TYPE apiserver_request_total counter',
    'apiserver_request_total{code="201",resource="secrets",scope="resource",subresource="",verb="POST",version="v1"} 10',
    'apiserver_request_total{code="409",resource="secrets",scope="resource",subresource="",verb="POST",version="v1"} 2',
    'apiserver_request_total{code="200",resource="leases",scope="resource",verb="PUT",version="v1"} 5',
    'apiserver_request_total{code="200",resource="secrets",scope="cluster",verb="WATCH",version="v1"} 3',
    'apiserver_request_terminations_total{code="429",resource="secrets",verb="POST"} 9',
  ].join('\n')

  it('are summed over their answers', () => {
    expect(parseCalls(metrics)).toEqual({ 'secrets POST': 12, 'leases PUT': 5, 'secrets WATCH': 3 })
  })

  it('are those since the first reading about the wanted resources, without watches', () => {
    const before = { 'secrets POST': 2, 'secrets GET': 1 }
    expect(callsBetween(before, { ...parseCalls(metrics), 'secrets GET': 1 }, ['secrets'])).toEqual({ POST: 10 })
  })
})
