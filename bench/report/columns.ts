import { isDisturbed } from '../measurement.ts'
import type { Measurement, Role } from '../measurement.ts'
import type { Summary } from './summary.ts'

/** Heads and rows of a table, as texts. */
export interface Table {
  head: readonly string[]
  rows: readonly (readonly string[])[]
}

/** For a reader: what the processes are called. */
export const roleTitles: Readonly<Record<Role, string>> = {
  restorer: 'Restorer',
  apiServer: 'API server',
  etcd: 'etcd',
  temporal: 'Temporal',
  bucket: 'Bucket',
}

/** Speed: rate with its spread, ratios within a round, waits. */
export function speedTable(summaries: readonly Summary[], titleOf: (contender: string) => string): Table {
  const compared = ['velero', 'velero-unlimited', 'velero-unlimited-again'].filter((name) =>
    summaries.some(({ contender }) => contender === name),
  )
  const head = ['', 'rounds', 'items', 'seconds', 'items/s', 'least to most']
  const rows = summaries.map((one) => [
    titleOf(one.contender),
    one.disturbed === 0 ? String(one.rounds) : `${one.rounds} (${one.disturbed} disturbed)`,
    thousands(one.items),
    one.seconds.toFixed(1),
    rate(one.itemsPerSecond.median),
    `${rate(one.itemsPerSecond.min)} to ${rate(one.itemsPerSecond.max)}`,
    ...compared.map((name) => (name === one.contender ? '' : numberOr(one.times[name], 1))),
    percentOfRaw(one),
    numberOr(one.firstObjectSeconds, 2),
    numberOr(one.p99Ms, 0),
  ])
  const times = compared.map((name) => `times ${titleOf(name)}`)
  return { head: [...head, ...times, '% of the raw limit', 'first object, s', 'p99 of another client, ms'], rows }
}

/** Cost: CPU per item by process, requests, memory, events. */
export function costTable(summaries: readonly Summary[], titleOf: (contender: string) => string): Table {
  const roles = (Object.keys(roleTitles) as Role[]).filter((role) => summaries.some(({ cpuMs }) => role in cpuMs))
  const own = 'restorer and Temporal, in raw writes'
  const cpu = ['CPU per item, ms', ...roles.map((role) => roleTitles[role]), own]
  const head = ['', ...cpu, 'requests per item', 'restorer, MiB', 'Temporal events']
  const rows = summaries.map((one) => [
    titleOf(one.contender),
    one.cpuMsTotal.toFixed(2),
    ...roles.map((role) => numberOr(one.cpuMs[role], 2)),
    one.contender.startsWith('raw') ? '' : numberOr(one.ownInRawWrites, 2),
    callsText(one),
    one.peakBytes.restorer === undefined ? '' : (one.peakBytes.restorer / 1024 ** 2).toFixed(0),
    numberOr(one.temporalEvents, 0),
  ])
  return { head, rows }
}

/** Each run with what the machine did meanwhile, so that a reader can judge it. */
export function roundsTable(measurements: readonly Measurement[], titleOf: (contender: string) => string): Table {
  const head = ['round', '', 'began', 'seconds', 'other programs', 'other machines', 'idle', 'load before', '']
  const rows = measurements.map((one) => [
    String(one.round),
    titleOf(one.contender),
    `${one.at.slice(0, 16).replace('T', ' ')}`,
    one.seconds.toFixed(1),
    one.machine.foreign.toFixed(2),
    one.machine.stolen.toFixed(2),
    one.machine.idle.toFixed(2),
    one.machine.loadBefore.toFixed(2),
    isDisturbed(one) ? 'disturbed' : '',
  ])
  return { head, rows }
}

/** The rate in percent of the load generator that sends the writes of the same mode. */
function percentOfRaw({ contender, times }: Summary): string {
  const limit = times[`raw-${contender}`]
  return limit === undefined ? '' : (limit * 100).toFixed(0)
}

function callsText({ callsTotal, calls }: Summary): string {
  const verbs = Object.entries(calls).filter(([, count]) => count >= 0.01)
  return `${callsTotal.toFixed(2)} (${verbs.map(([verb, count]) => `${verb} ${count.toFixed(2)}`).join(', ')})`
}

const numberOr = (value: number | undefined, digits: number) => (value === undefined ? '' : value.toFixed(digits))
const rate = (value: number) => value.toFixed(value < 100 ? 1 : 0)
const thousands = (value: number) => Math.round(value).toLocaleString('en-US')
