import { spawn } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** A worker that was started for a demonstration or a measurement. */
export interface WorkerProcess {
  pid: number
  /** Ends it by SIGTERM and waits until it has gone. */
  stop(): Promise<void>
}

const main = fileURLToPath(new URL('../../worker/main.ts', import.meta.url))
/** A worker is ready after three seconds; a machine with much other work takes many times as long. */
const readyMs = 180_000

/** Starts a worker with this environment, its output going to a file, and waits until it says that it is ready. */
export async function startWorkerProcess(options: {
  env: Record<string, string>
  logFile: string
  archiveDir: string
}): Promise<WorkerProcess> {
  const child = spawn(process.execPath, [main], {
    env: {
      ...process.env,
      DRYDOCK_HTTP_ADDRESS: '127.0.0.1:0',
      DRYDOCK_ARCHIVE_DIR: options.archiveDir,
      ...options.env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const file = createWriteStream(options.logFile, { flags: 'a' })
  const gone = new Promise<number | null>((resolve) => child.on('exit', resolve))
  let text = ''
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Error(`the worker was not ready after ${readyMs / 1000} s, see ${options.logFile}`)),
      readyMs,
    )
    const settle = (done: () => void) => {
      clearTimeout(timer)
      done()
    }
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (piece: Buffer) => {
        file.write(piece)
        text += piece.toString()
        if (text.includes('worker is ready') && text.includes('watching Restores')) settle(resolve)
      })
    }
    void gone.then((code) =>
      settle(() =>
        reject(new Error(`the worker ended with code ${code}, see ${options.logFile}:\n${text.slice(-2000)}`)),
      ),
    )
  }).catch((error: unknown) => {
    child.kill('SIGKILL')
    throw error
  })
  return {
    pid: child.pid ?? 0,
    async stop() {
      child.kill('SIGTERM')
      await gone
      file.end()
    },
  }
}
