import { describe, expect, it } from 'vitest'
import { judgeTemporal, judgeWorkers } from '../../../core/doctor/judge-temporal.ts'
import type { Poller, TemporalFacts } from '../../../core/doctor/judge-temporal.ts'

const reached = { reachable: true, address: 'host:7233', namespace: 'default', missingAttributes: [] } as const

const verdicts = (facts: TemporalFacts) => judgeTemporal(facts).map(({ verdict, says }) => `${verdict}: ${says}`)

describe('Temporal', () => {
  it('that answers, with namespace and search attributes, is fine', () => {
    expect(judgeTemporal(reached).map(({ verdict }) => verdict)).toEqual(['ok', 'ok'])
  })

  it('that does not answer is the only finding about it', () => {
    const [check, ...more] = judgeTemporal({ reachable: false, reason: 'Temporal at host:7233 does not answer' })
    expect(check).toMatchObject({ verdict: 'finding', says: 'Temporal at host:7233 does not answer' })
    expect(check?.todo).toContain('TEMPORAL_ADDRESS')
    expect(more).toEqual([])
  })

  it.each<[string, Partial<Extract<TemporalFacts, { reachable: true }>>, string]>([
    [
      'a namespace that is not there',
      { namespaceProblem: 'not found' },
      'finding: its namespace "default" cannot be used',
    ],
    ['an attribute that is missing', { missingAttributes: ['DrydockPhase'] }, 'not registered: DrydockPhase'],
    ['attributes that it does not tell', { missingAttributes: undefined }, 'note: it does not say'],
    ['a retention of an hour', { retentionDays: 1 / 24 }, 'note: it keeps closed workflows for less than a day'],
  ])('tells %s', (_, facts, says) => {
    expect(verdicts({ ...reached, ...facts }).join('\n')).toContain(says)
  })
})

describe('the workers of a task queue', () => {
  const judge = (pollers: readonly Poller[], currentVersions = {}) =>
    judgeWorkers({ taskQueue: 'drydock-u-velero', pollers, currentVersions })
  const plain = { identity: 'w', secondsAgo: 20 }
  const versioned = { ...plain, buildId: '2', deployment: 'drydock' }

  it('are a finding where there are none', () => {
    expect(judge([])).toMatchObject([{ verdict: 'finding', says: 'no worker polls task queue drydock-u-velero' }])
  })

  it('are gone when they have not polled for longer than a poll takes', () => {
    expect(judge([{ ...plain, secondsAgo: 200 }])).toMatchObject([
      { verdict: 'finding', says: expect.stringContaining('the last one did 200 s ago') },
    ])
  })

  it('are fine without versions, and in the current one', () => {
    expect(judge([plain, plain])).toMatchObject([{ verdict: 'ok', says: expect.stringContaining('2 workers poll') }])
    expect(judge([versioned], { drydock: '2' })).toMatchObject([{ verdict: 'ok' }])
  })

  it.each([
    ['no version is the current one', '', 'no version of deployment drydock is the current one'],
    [
      'another version is the current one',
      '1',
      'version 1 of deployment drydock is the current one, and no worker of it polls',
    ],
  ])('get no work while %s', (_, current, says) => {
    const [, check] = judge([versioned], { drydock: current })
    expect(check).toMatchObject({ verdict: 'finding', says: expect.stringContaining(says) })
    expect(check?.todo).toBe('temporal worker deployment set-current-version --deployment-name drydock --build-id 2')
  })
})
