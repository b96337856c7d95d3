/** The processes whose CPU and memory are measured. `restorer` is the worker, Velero's server, or the load generator. */
export const roles = ['restorer', 'apiServer', 'etcd', 'temporal', 'bucket'] as const

/** See {@link roles}. */
export type Role = (typeof roles)[number]

/** One restore by one contender, from the creation of the Restore to its terminal phase. */
export interface Measurement {
  workload: string
  contender: string
  /** From 1 on: the contenders of one round ran right after each other. */
  round: number
  /** When it began; RFC 3339. */
  at: string
  items: number
  seconds: number
  /** Until the first object of the first large wave was written; absent where none was seen. */
  firstObjectSeconds?: number
  /** User and system time by process, in seconds, children included. Processes that do not run are absent. */
  cpuSeconds: Partial<Record<Role, number>>
  /** What the same processes use without the restore, in seconds of CPU a second: with the bench's own client, shortly before. */
  idleCpu: Partial<Record<Role, number>>
  /** The largest resident memory by process, in bytes. */
  peakBytes: Partial<Record<Role, number>>
  /** Requests about the resources of the workload by verb, as the API server counts them. */
  calls: Record<string, number>
  /** The length of all histories of the workflow; absent for contenders without Temporal. */
  temporalEvents?: number
  /** How long an unrelated client waited for its reads meanwhile. */
  latency: Latency
  machine: MachineUse
}

/** Waits of the unrelated client, in milliseconds. */
export interface Latency {
  reads: number
  p50Ms: number
  p99Ms: number
}

/** What the machine did meanwhile, in processors on average: 0.5 is half of one. */
export interface MachineUse {
  /** Processors and memory in words. */
  model: string
  /** Used by processes that are not part of the bench. */
  foreign: number
  /** Taken by other virtual machines on the same host. */
  stolen: number
  idle: number
  /** The load average of the last minute, when the restore began. */
  loadBefore: number
}

/** With more than this many processors in foreign hands a measurement counts as disturbed. */
export const foreignMax = 0.1

/** Whether other programs, or other machines on the same host, took a part of the processors that counts. */
export function isDisturbed({ machine }: Pick<Measurement, 'machine'>): boolean {
  return machine.foreign + machine.stolen > foreignMax
}
