import { withMachineLock } from '../machine-lock.ts'
import { cachedPath } from './cache-dir.ts'
import type { Progress } from './obtain-tool.ts'
import type { Tool } from './tools.ts'

/** Runs `work` while no other process fetches or builds the same tool. */
export function withBuildLock<T>(tool: Tool, progress: Progress, work: () => Promise<T>): Promise<T> {
  const onWait = (pid: number) => progress.report(`${tool.name}: process ${pid} is getting it already, waiting`)
  return withMachineLock(`${cachedPath(tool)}.lock`, { signal: progress.signal, onWait }, work)
}
