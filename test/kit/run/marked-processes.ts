import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

/** The pids of all processes, but for this one, whose environment holds this text as they were started. */
export function markedProcesses(mark: string): number[] {
  return (process.platform === 'linux' ? fromProc(mark) : fromPs(mark)).filter((pid) => pid !== process.pid)
}

/** Ends them, and those that they start meanwhile. */
export async function endMarkedProcesses(mark: string): Promise<void> {
  const deadline = Date.now() + endSecondsMax * 1000
  for (;;) {
    const pids = markedProcesses(mark)
    if (pids.length === 0) return
    if (Date.now() > deadline) throw new Error(`processes do not end: ${pids.join(', ')}`)
    pids.forEach(kill)
    await sleep(20)
  }
}

const endSecondsMax = 20

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

/** A zombie has no environment any more; other users' processes cannot be read. */
function fromProc(mark: string): number[] {
  const pids = readdirSync('/proc').map(Number).filter(Number.isInteger)
  return pids.filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/environ`, 'utf8').includes(mark)
    } catch {
      return false
    }
  })
}

function fromPs(mark: string): number[] {
  const lines = execFileSync('ps', ['-axEww', '-o', 'pid=,command='], { encoding: 'utf8', maxBuffer: 64 << 20 })
  return lines
    .split('\n')
    .filter((line) => line.includes(mark))
    .map((line) => Number.parseInt(line, 10))
}
