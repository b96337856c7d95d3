import { isDisturbed, roles } from '../measurement.ts'
import type { Measurement, Role } from '../measurement.ts'
import { median, spreadOf } from './statistics.ts'
import type { Spread } from './statistics.ts'

/** What a contender did in all rounds of a workload. */
export interface Summary {
  contender: string
  rounds: number
  /** Rounds in which other programs took a part of the processors. */
  disturbed: number
  items: number
  itemsPerSecond: Spread
  seconds: number
  /** Milliseconds of CPU per item by process. */
  cpuMs: Partial<Record<Role, number>>
  /** The same of all processes. */
  cpuMsTotal: number
  /** CPU of restorer and Temporal per item, in units of what a raw write of mode owners costs the API server. */
  ownInRawWrites: number | undefined
  /** Requests per item by verb. */
  calls: Record<string, number>
  callsTotal: number
  peakBytes: Partial<Record<Role, number>>
  firstObjectSeconds: number | undefined
  temporalEvents: number | undefined
  p99Ms: number
  /** How many times the rate of another contender this one has, by that one's name: the median of the ratios of single rounds. */
  times: Record<string, number>
}

/** Summarizes the measurements of one workload: a line for each contender, in the order of their first appearance. Medians, but for the spread. */
export function summarize(measurements: readonly Measurement[]): Summary[] {
  const byContender = Map.groupBy(measurements, ({ contender }) => contender)
  return [...byContender].map(([contender, own]) => ({
    contender,
    rounds: own.length,
    disturbed: own.filter(isDisturbed).length,
    items: median(own.map(({ items }) => items)),
    itemsPerSecond: spreadOf(own.map(rateOf)),
    seconds: median(own.map(({ seconds }) => seconds)),
    cpuMs: medianByRole(own, cpuMsOf),
    cpuMsTotal: median(own.map(totalCpuMs)),
    ownInRawWrites: ownInRawWrites(own, byContender.get('raw-owners') ?? []),
    calls: medianCalls(own),
    callsTotal: median(own.map(({ calls, items }) => sum(Object.values(calls)) / items)),
    peakBytes: medianByRole(own, ({ peakBytes }, role) => peakBytes[role]),
    firstObjectSeconds: medianOf(own.map(({ firstObjectSeconds }) => firstObjectSeconds)),
    temporalEvents: medianOf(own.map(({ temporalEvents }) => temporalEvents)),
    p99Ms: median(own.map(({ latency }) => latency.p99Ms)),
    times: timesOf(own, byContender),
  }))
}

const rateOf = ({ items, seconds }: Measurement) => items / seconds
const sum = (values: readonly number[]) => values.reduce((all, one) => all + one, 0)
const totalCpuMs = (one: Measurement) => sum(roles.map((role) => cpuMsOf(one, role) ?? 0))

/**
 * Milliseconds of CPU per item, without what the process uses anyway while nothing is restored: that share grows with the seconds, and so
 * with what else runs on the machine.
 */
function cpuMsOf({ cpuSeconds, idleCpu, seconds, items }: Measurement, role: Role): number | undefined {
  const used = cpuSeconds[role]
  if (used === undefined) return undefined
  return (Math.max(0, used - (idleCpu[role] ?? 0) * seconds) / items) * 1000
}

/** See {@link Summary.ownInRawWrites}: the median of the ratios within a round. */
function ownInRawWrites(own: readonly Measurement[], raw: readonly Measurement[]): number | undefined {
  const inRound = new Map(raw.map((one) => [one.round, one]))
  const ratios = own.map((one) => {
    const limit = inRound.get(one.round)
    const server = limit === undefined ? undefined : cpuMsOf(limit, 'apiServer')
    return server === undefined
      ? undefined
      : ((cpuMsOf(one, 'restorer') ?? 0) + (cpuMsOf(one, 'temporal') ?? 0)) / server
  })
  return medianOf(ratios)
}

function medianOf(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined)
  return known.length === 0 ? undefined : median(known)
}

function medianByRole(
  own: readonly Measurement[],
  of: (measurement: Measurement, role: Role) => number | undefined,
): Partial<Record<Role, number>> {
  const medians = roles.map((role) => [role, medianOf(own.map((one) => of(one, role)))] as const)
  return Object.fromEntries(medians.filter(([, value]) => value !== undefined))
}

function medianCalls(own: readonly Measurement[]): Record<string, number> {
  const verbs = [...new Set(own.flatMap(({ calls }) => Object.keys(calls)))].toSorted()
  return Object.fromEntries(
    verbs.map((verb) => [verb, median(own.map(({ calls, items }) => (calls[verb] ?? 0) / items))]),
  )
}

/** Rates are compared within a round only: between rounds the machine may have changed. */
function timesOf(own: readonly Measurement[], byContender: Map<string, Measurement[]>): Record<string, number> {
  const ratios = [...byContender].flatMap(([name, others]) => {
    const inRound = new Map(others.map((other) => [other.round, other]))
    const times = medianOf(own.map((one) => ratio(one, inRound.get(one.round))))
    return times === undefined ? [] : [[name, times] as const]
  })
  return Object.fromEntries(ratios)
}

function ratio(one: Measurement, other: Measurement | undefined): number | undefined {
  return other === undefined ? undefined : rateOf(one) / rateOf(other)
}
