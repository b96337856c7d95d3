import type { RequestFault, SpellFault } from '../schedule.ts'

/** What goes wrong on a way now. Spells may overlap; each is taken away by itself. */
export interface Weather {
  has(fault: SpellFault): boolean
  begin(fault: SpellFault): () => void
  /** Called at each change. */
  onChange(listener: () => void): () => void
}

/** Good weather at first. */
export function createWeather(): Weather {
  const spells = new Set<{ fault: SpellFault }>()
  const listeners = new Set<() => void>()
  const tell = () => {
    for (const listener of listeners) listener()
  }
  return {
    has: (fault) => [...spells].some((one) => one.fault === fault),
    begin(fault) {
      const spell = { fault }
      spells.add(spell)
      tell()
      return () => {
        spells.delete(spell)
        tell()
      }
    },
    onChange(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  }
}

/** The weathers of a way together: that of all workers and that of one. */
export function together(...weathers: readonly Weather[]): Pick<Weather, 'has' | 'onChange'> {
  return {
    has: (fault) => weathers.some((one) => one.has(fault)),
    onChange(listener) {
      const ends = weathers.map((one) => one.onChange(listener))
      return () => ends.forEach((end) => end())
    },
  }
}

/** Counts requests over all gates of a way, and says which of them has a fault of its own. */
export interface RequestFaults {
  next(): RequestFault | undefined
  /** Begins to count anew, with these faults by number. */
  begin(faults: ReadonlyMap<number, RequestFault>): void
  count(): number
}

/** Without any at first. */
export function createRequestFaults(): RequestFaults {
  let faults: ReadonlyMap<number, RequestFault> = new Map()
  let count = 0
  return {
    next: () => faults.get(++count),
    begin(next) {
      faults = next
      count = 0
    },
    count: () => count,
  }
}
