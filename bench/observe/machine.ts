import { readFileSync } from 'node:fs'
import { cpus, loadavg, totalmem } from 'node:os'
import type { MachineUse } from '../measurement.ts'
import { cpuOf, readProcesses } from './process-table.ts'

/** How all processors together have spent their time since the machine started, in seconds. */
export interface ProcessorTimes {
  busy: number
  idle: number
  stolen: number
}

const ticksPerSecond = 100

/** Reads the first line of `/proc/stat`. */
export function parseProcessorTimes(text: string): ProcessorTimes {
  const line = text.split('\n', 1)[0] ?? ''
  const [user = 0, nice = 0, system = 0, idle = 0, waiting = 0, irq = 0, softirq = 0, stolen = 0] = line
    .split(/\s+/)
    .slice(1)
    .map((ticks) => Number(ticks) / ticksPerSecond)
  return { busy: user + nice + system + irq + softirq, idle: idle + waiting, stolen }
}

/** Begins to watch the machine; the result tells what it did since. Everything below this process counts as ours. */
export function watchMachine(): () => MachineUse {
  const began = look()
  const loadBefore = loadavg()[0] ?? 0
  return () => ({ ...useBetween(began, look()), model: modelOfMachine(), loadBefore })
}

function modelOfMachine(): string {
  const processors = cpus()
  const model = (processors[0]?.model ?? 'unknown').replace(/\s+/g, ' ')
  return `${processors.length} processors (${model}), ${Math.round(totalmem() / 1024 ** 3)} GiB of memory`
}

/** A look at the machine. */
export interface MachineLook {
  atSeconds: number
  times: ProcessorTimes
  /** The CPU time of the bench and of all that it has started. */
  oursSeconds: number
}

function look(): MachineLook {
  return {
    atSeconds: performance.now() / 1000,
    times: parseProcessorTimes(readFileSync('/proc/stat', 'utf8')),
    oursSeconds: cpuOf(process.pid, readProcesses()),
  }
}

/** What happened between two looks, in processors on average. */
export function useBetween(from: MachineLook, to: MachineLook): Pick<MachineUse, 'foreign' | 'stolen' | 'idle'> {
  const seconds = to.atSeconds - from.atSeconds
  const busy = to.times.busy - from.times.busy
  const foreign = Math.max(0, busy - (to.oursSeconds - from.oursSeconds))
  const perSecond = (value: number) => Math.round((value / seconds) * 1000) / 1000
  return {
    foreign: perSecond(foreign),
    stolen: perSecond(to.times.stolen - from.times.stolen),
    idle: perSecond(to.times.idle - from.times.idle),
  }
}
