import { readFileSync, readdirSync, writeFileSync } from 'node:fs'

/** A running process, as Linux tells it. */
export interface ProcessRow {
  pid: number
  parent: number
  /** User and system time of the process and of its children that have ended, in seconds. */
  cpuSeconds: number
}

/** Linux counts CPU time in hundredths of a second for all programs, whatever its kernel uses. */
const ticksPerSecond = 100

/** Reads one line of `/proc/<pid>/stat`. Undefined where it is none. The name in brackets may hold anything. */
export function parseStat(line: string): ProcessRow | undefined {
  const pid = Number.parseInt(line, 10)
  const fields = line.slice(line.lastIndexOf(')') + 2).split(' ')
  const [parent, ...times] = [fields[1], fields[11], fields[12], fields[13], fields[14]].map(Number)
  const cpuSeconds = times.reduce((sum, ticks) => sum + ticks, 0) / ticksPerSecond
  return parent === undefined || Number.isNaN(parent + pid + cpuSeconds) ? undefined : { pid, parent, cpuSeconds }
}

/** All processes of this machine. Works on Linux only, and throws elsewhere. */
export function readProcesses(): ProcessRow[] {
  if (process.platform !== 'linux')
    throw new Error('the bench reads CPU and memory of processes from /proc: it needs Linux')
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => parseStat(readOr(`/proc/${pid}/stat`, '')) ?? [])
}

/** A process and all below it. */
export function treeOf(root: number, rows: readonly ProcessRow[]): ProcessRow[] {
  const children = Map.groupBy(rows, (row) => row.parent)
  const own = rows.filter((row) => row.pid === root)
  const tree = [...own]
  for (const row of tree) tree.push(...(children.get(row.pid) ?? []))
  return tree
}

/** The CPU time of a process and all below it, in seconds. It only grows: a child's time stays with its parent. */
export function cpuOf(root: number, rows: readonly ProcessRow[]): number {
  return treeOf(root, rows).reduce((sum, row) => sum + row.cpuSeconds, 0)
}

/** Begins to look for the largest resident memory of a process anew. */
export function forgetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5')
}

/** The largest resident memory of a process since `forgetPeak`, in bytes; 0 where it has ended. */
export function peakOf(pid: number): number {
  const found = /^VmHWM:\s+(\d+) kB$/m.exec(readOr(`/proc/${pid}/status`, ''))
  return Number(found?.[1] ?? 0) * 1024
}

function readOr(path: string, otherwise: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return otherwise
  }
}
