import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { RawOrder, RawReport } from './generator.ts'

/** A load generator that has made its requests ready. */
export interface Generator {
  pid: number
  /** Sends them all; resolves with the number of objects. */
  go(): Promise<number>
  stop(): Promise<void>
}

/** Starts a load generator and waits until it is ready. A request that is refused fails it. */
export async function startGenerator(order: RawOrder): Promise<Generator> {
  const child = fork(fileURLToPath(new URL('generator.ts', import.meta.url)))
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const next = () =>
    Promise.race([
      new Promise<RawReport>((resolve) => child.once('message', (report) => resolve(report as RawReport))),
      gone.then((): RawReport => ({ is: 'failed', reason: 'it has ended' })),
    ])
  const stop = async () => {
    child.kill('SIGKILL')
    await gone
  }
  const first = next()
  child.send(order)
  const ready = await first
  if (ready.is !== 'ready') {
    await stop()
    throw new Error(`the load generator: ${ready.is === 'failed' ? ready.reason : ready.is}`)
  }
  return {
    pid: child.pid ?? 0,
    async go() {
      const end = next()
      child.send('go')
      const report = await end
      if (report.is === 'done') return report.items
      throw new Error(`the load generator: ${report.is === 'failed' ? report.reason : report.is}`)
    },
    stop,
  }
}
