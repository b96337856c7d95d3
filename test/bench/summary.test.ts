import { describe, expect, it } from 'vitest'
import { costTable, roundsTable, speedTable } from '../../bench/report/columns.ts'
import { summarize } from '../../bench/report/summary.ts'
import { aMeasurement, disturbed } from './a-measurement.ts'

const title = (name: string) => name.toUpperCase()

/** Velero needs twice and then six times as long as Drydock; the machine becomes slower for both. */
const rounds = [
  aMeasurement({ contender: 'velero', round: 1, seconds: 20 }),
  aMeasurement({ round: 1, seconds: 10 }),
  aMeasurement({ contender: 'velero', round: 2, seconds: 120 }),
  aMeasurement({ round: 2, seconds: 20, machine: disturbed }),
]

describe('the summary of a workload', () => {
  it('compares rates within a round, and not the medians of all rounds', () => {
    const [, owners] = summarize(rounds)
    expect(owners?.times).toEqual({ velero: 4, owners: 1 })
    expect(owners?.itemsPerSecond).toEqual({ median: 75, min: 50, max: 100 })
  })

  it('leaves out of a comparison the rounds that the other one has not run', () => {
    const [, owners] = summarize([rounds[0]!, rounds[1]!, rounds[3]!])
    expect(owners).toMatchObject({ rounds: 2, times: { velero: 2 } })
  })

  it('says the CPU of an item by process, the requests by verb, and how many rounds were disturbed', () => {
    const [, owners] = summarize(rounds)
    expect(owners).toMatchObject({
      disturbed: 1,
      cpuMs: { restorer: 2, apiServer: 3 },
      cpuMsTotal: 5,
      calls: { POST: 1 },
      callsTotal: 1,
      p99Ms: 5,
      temporalEvents: 400,
    })
  })

  it('leaves out of the CPU what the servers use while nothing is restored', () => {
    const [slow] = summarize([aMeasurement({ seconds: 40, idleCpu: { apiServer: 0.05, restorer: 1 } })])
    expect(slow?.cpuMs).toEqual({ restorer: 0, apiServer: 1 })
    expect(slow?.cpuMsTotal).toBe(1)
  })

  it('measures its own CPU in raw writes of the same round', () => {
    const cpuSeconds = { restorer: 1, apiServer: 2, temporal: 0.5 }
    const raw = (round: number, apiServer: number) =>
      aMeasurement({ contender: 'raw-owners', round, cpuSeconds: { restorer: 9, apiServer } })
    const all = [aMeasurement({ cpuSeconds }), raw(1, 1), aMeasurement({ round: 2, cpuSeconds }), raw(2, 3)]
    expect(summarize(all)[0]?.ownInRawWrites).toBe(1)
    expect(summarize(all.slice(0, 1))[0]?.ownInRawWrites).toBeUndefined()
  })

  it('knows nothing of what was not measured', () => {
    const { firstObjectSeconds: _first, temporalEvents: _events, ...without } = aMeasurement()
    const [one] = summarize([without])
    expect(one).toMatchObject({ firstObjectSeconds: undefined, temporalEvents: undefined })
    expect(one?.cpuMs).not.toHaveProperty('temporal')
  })
})

describe('the tables', () => {
  const cells = ({ head, rows }: ReturnType<typeof speedTable>) =>
    rows.map((row) => Object.fromEntries(head.map((name, column) => [name, row[column]])))

  it('show how many times another contender one is, and how near to its raw limit', () => {
    const raw = aMeasurement({ contender: 'raw-owners', round: 2, seconds: 16 })
    const [velero, owners, limit] = cells(speedTable(summarize([...rounds, raw]), title))
    expect(velero).toMatchObject({ '': 'VELERO', rounds: '2', 'times VELERO': '', '% of the raw limit': '' })
    expect(owners).toMatchObject({
      rounds: '2 (1 disturbed)',
      items: '1,000',
      'items/s': '75.0',
      'least to most': '50.0 to 100',
      'times VELERO': '4.0',
      '% of the raw limit': '80',
    })
    expect(limit).toMatchObject({ 'items/s': '62.5', '% of the raw limit': '' })
  })

  it('show the cost by process, with a column only for processes that ran', () => {
    const [velero] = cells(costTable(summarize(rounds), title))
    expect(velero).toEqual({
      '': 'VELERO',
      'CPU per item, ms': '5.00',
      Restorer: '2.00',
      'API server': '3.00',
      'restorer and Temporal, in raw writes': '',
      'requests per item': '1.00 (POST 1.00)',
      'restorer, MiB': '512',
      'Temporal events': '400',
    })
  })

  it('tell each round on which the machine was busy with other things', () => {
    expect(roundsTable(rounds, title).rows.map((row) => row.at(-1))).toEqual(['', '', '', 'disturbed'])
  })
})
