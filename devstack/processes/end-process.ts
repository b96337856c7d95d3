import { setTimeout as sleep } from 'node:timers/promises'
import { isOfThisBoot, isRunning, markProcess, type ProcessMark } from './process-mark.ts'

/**
 * Ends a service and what it started. Each service leads a process group of its own. It is killed at once,
 * since its data is deleted with the stack. A pid that belongs to another process by now is left alone.
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

/** The group's leader may have ended and left children; while they live, no new process gets the group's id. */
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
