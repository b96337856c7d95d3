import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { isRunning, markProcess, type ProcessMark } from './process-mark.ts'

/** How to wait for a lock. */
export interface LockWait {
  signal: AbortSignal
  /** Called once if another process holds the lock. */
  onWait: (pid: number) => void
}

/** Runs `work` while no other process of this machine holds the lock file. The lock of a dead process is ignored. */
export async function withMachineLock<T>(lock: string, wait: LockWait, work: () => Promise<T>): Promise<T> {
  await mkdir(dirname(lock), { recursive: true })
  await take(lock, wait)
  try {
    return await work()
  } finally {
    await rm(lock, { force: true })
  }
}

async function take(lock: string, { signal, onWait }: LockWait): Promise<void> {
  let told = false
  while (!(await tryTake(lock))) {
    signal.throwIfAborted()
    const holder = await holderOf(lock)
    if (holder === undefined || !isRunning(holder)) {
      await rm(lock, { force: true })
      continue
    }
    if (!told) onWait(holder.pid)
    told = true
    await sleep(500)
  }
}

async function tryTake(lock: string): Promise<boolean> {
  try {
    await writeFile(lock, JSON.stringify(markProcess(process.pid)), { flag: 'wx' })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

/** A lock file that was created just now may still be empty. */
async function holderOf(lock: string): Promise<ProcessMark | undefined> {
  for (const wait of [0, 50, 200]) {
    await sleep(wait)
    try {
      return JSON.parse(await readFile(lock, 'utf8')) as ProcessMark
    } catch {
      continue
    }
  }
  return undefined
}
