import { describe, expect, it } from 'vitest'
import { inWords, scheduleOf, workerCount } from './schedule.ts'
import type { Disturbance } from './schedule.ts'

const seeds = Array.from({ length: 500 }, (_, seed) => seed)
const all = seeds.flatMap((seed) => scheduleOf(seed, 120))
const isKind = (kind: Disturbance['kind']) => (one: Disturbance) => one.kind === kind

describe('the schedule of a seed', () => {
  it('is the same each time', () => {
    for (const seed of seeds) expect(scheduleOf(seed, 120)).toEqual(scheduleOf(seed, 120))
  })

  it('has at least one disturbance, and few enough to understand', () => {
    for (const seed of seeds) {
      const { length } = scheduleOf(seed, 120)
      expect(length).toBeGreaterThan(0)
      expect(length).toBeLessThan(12)
    }
  })

  it('brings each kind of fault on each way, and each event', () => {
    const what = new Set(all.map((one) => inWords(one).replaceAll(/\d+/g, 'n').replace(' of worker n', '')))
    for (const fault of ['busy', 'failing', 'lost', 'unanswered', 'late']) {
      expect(what).toContain(`write n to the API server: ${fault}`)
      expect(what).toContain(`request n to the bucket: ${fault}`)
    }
    for (const fault of ['cut', 'stalled', 'slow', 'unanswered'])
      for (const server of ['API server', 'bucket', 'Temporal server'])
        expect(what).toContain(`at n %, for n ms: the way to the ${server} is ${fault}`)
    for (const event of ['kill worker n', 'freeze worker n for n ms', 'stop worker n', 'upgrade worker n'])
      expect([...what].some((one) => one.includes(event))).toBe(true)
    for (const event of ['terminate', 'terminate-locks', 'sweep', 'write-restore'])
      expect(what).toContain(`at n %: ${event}`)
  })

  it('disturbs workers that there are, and freezes some for longer than a Lease', () => {
    const events = all.filter((one) => one.kind === 'worker')
    expect(events.every(({ worker }) => worker < workerCount)).toBe(true)
    expect(events.some(({ event, forMs }) => event === 'freeze' && forMs > 16_000)).toBe(true)
  })

  it('hits writes all over the restore, more of them where it has more items', () => {
    const most = (items: number) =>
      Math.max(
        ...seeds
          .flatMap((seed) => scheduleOf(seed, items))
          .filter(isKind('request'))
          .map((one) => (one as { n: number }).n),
      )
    expect(most(120)).toBeLessThan(240)
    expect(most(5_000)).toBeGreaterThan(8_000)
  })

  it('has what users do and deaths of servers beside what it has anyway, where they are asked for', () => {
    const besides = seeds.map((seed) => scheduleOf(seed, 120, { users: true, servers: true }))
    for (const [seed, one] of besides.entries()) {
      const { length } = scheduleOf(seed, 120)
      expect(one.slice(0, length)).toEqual(scheduleOf(seed, 120))
      expect(one.slice(length).every(({ kind }) => kind === 'user' || kind === 'server')).toBe(true)
    }
    const what = new Set(besides.flat().map((one) => inWords(one).replaceAll(/\d+/g, 'n')))
    for (const event of ['pause for n ms', 'cancel', 'cancel-and-retry']) expect(what).toContain(`at n %: ${event}`)
    for (const server of ['kube-apiserver', 'etcd', 'versitygw', 'temporal'])
      expect(what).toContain(`at n %: kill ${server} for n ms`)
  })
})
