import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** A process that can be told from a later one with the same pid. */
export interface ProcessMark {
  pid: number
  startedAt: string
}

/** Marks a running process; undefined where it does not run (a zombie does not). */
export function markProcess(pid: number): ProcessMark | undefined {
  const startedAt = process.platform === 'linux' ? startOnLinux(pid) : startByPs(pid)
  return startedAt === undefined ? undefined : { pid, startedAt }
}

/** Whether the marked process still runs, and not a later one with the same pid. */
export function isRunning(mark: ProcessMark): boolean {
  return markProcess(mark.pid)?.startedAt === mark.startedAt
}

/** Whether the mark was made since the machine started; before that, its pid means nothing. */
export function isOfThisBoot(mark: ProcessMark): boolean {
  return process.platform !== 'linux' || mark.startedAt.startsWith(bootId())
}

/** Fields after the command's closing bracket: state is the first, start time in clock ticks the twentieth. */
function startOnLinux(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' || fields[0] === 'X' ? undefined : `${bootId()}/${fields[19]}`
  } catch {
    return undefined
  }
}

/** The start time counts from the boot, so the mark contains the boot's id. */
function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
}

function startByPs(pid: number): string | undefined {
  try {
    const line = execFileSync('ps', ['-o', 'stat=', '-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim()
    return line === '' || line.startsWith('Z') ? undefined : line.replace(/^\S+\s+/, '')
  } catch {
    return undefined
  }
}
