import type { Log } from '../activities/ports.ts'

/** Works on objects so that trouble with one stays with it. */
export interface Alone {
  /**
   * Works on one object, unless that is under way. Whatever goes wrong, a defect of the program too, is logged, once as
   * long as it stays the same, and the next turn tries again. Returns whether it went well.
   */
  on(name: string, work: () => Promise<void>): Promise<boolean>
  /** Forgets an object that is gone. */
  forget(name: string): void
}

/** Makes one for a kind of work. `trouble` is the line of the log, `field` what the object is there. */
export function workAlone(log: Log, trouble: string, field: string): Alone {
  const busy = new Set<string>()
  const told = new Map<string, string>()
  return {
    async on(name, work) {
      if (busy.has(name)) return false
      busy.add(name)
      try {
        await work()
        told.delete(name)
        return true
      } catch (thrown) {
        const error = String(thrown)
        if (told.get(name) !== error) log.warn(trouble, { [field]: name, error })
        told.set(name, error)
        return false
      } finally {
        busy.delete(name)
      }
    },
    forget: (name) => void told.delete(name),
  }
}
