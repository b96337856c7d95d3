import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { isRunning, markProcess, type ProcessMark } from '../process-mark.ts'
import { cachedPath } from './cache-dir.ts'
import type { Progress } from './obtain-tool.ts'
import type { Tool } from './tools.ts'

/** Runs `work` while no other process fetches or builds the same tool; the lock of a dead process counts for nothing. */
export async function withBuildLock<T>(tool: Tool, progress: Progress, work: () => Promise<T>): Promise<T> {
  const lock = `${cachedPath(tool)}.lock`
  await mkdir(dirname(lock), { recursive: true })
  await take(lock, tool, progress)
  try {
    return await work()
  } finally {
    await rm(lock, { force: true })
  }
}

async function take(lock: string, tool: Tool, progress: Progress): Promise<void> {
  let told = false
  while (!(await tryTake(lock))) {
    progress.signal.throwIfAborted()
    const holder = await holderOf(lock)
    if (holder === undefined || !isRunning(holder)) {
      await rm(lock, { force: true })
      continue
    }
    if (!told) progress.report(`${tool.name}: process ${holder.pid} is getting it already, waiting`)
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

/** A lock that was taken this moment may still be empty. */
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
