import type { Measurement } from '../../bench/measurement.ts'

/** A measurement of 1,000 items in 10 s on a quiet machine, with what a test wants in place of it. */
export function aMeasurement(options: Partial<Measurement> = {}): Measurement {
  return {
    workload: 'bulk5k',
    contender: 'owners',
    round: 1,
    at: '2026-11-28T22:16:00.000Z',
    items: 1000,
    seconds: 10,
    firstObjectSeconds: 0.5,
    cpuSeconds: { restorer: 2, apiServer: 3 },
    idleCpu: {},
    peakBytes: { restorer: 512 * 1024 ** 2 },
    calls: { POST: 1000 },
    temporalEvents: 400,
    latency: { reads: 100, p50Ms: 1, p99Ms: 5 },
    machine: { model: '2 processors', foreign: 0.02, stolen: 0, idle: 0.5, loadBefore: 0.3 },
    ...options,
  }
}

/** A machine that others use too. */
export const disturbed = { model: '2 processors', foreign: 0.4, stolen: 0, idle: 0, loadBefore: 4 }
