import { setTimeout as sleep } from 'node:timers/promises'
import { isOfThisBoot, isRunning, markProcess, type ProcessMark } from './process-mark.ts'

/**
 * Ends a service and what it started. Services lead a process group of their own, and everything they hold is thrown
 * away with the stack, so there is no reason to ask politely and wait. A pid that now belongs to somebody else is left alone.
 */
export async function endProcess(mark: ProcessMark): Promise<void> {
  if (!isOurs(mark)) return
  killGroup(mark.pid)
  const deadline = Date.now() + endSecondsMax * 1000
  while (isRunning(mark)) {
    if (Date.now() > deadline) throw new Error(`process ${mark.pid} does not end`)
    await sleep(10)
  }
}

const endSecondsMax = 10

/** A leader that is gone may have left children in its group; no new process gets that id while they live. */
function isOurs(mark: ProcessMark): boolean {
  return isRunning(mark) || (isOfThisBoot(mark) && markProcess(mark.pid) === undefined)
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
