/** Ctrl-C, or another polite wish that the client end. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted'
}

/**
 * Runs something that Ctrl-C may end. The first one aborts the signal, further ones change nothing: a terminal and a
 * parent process may both send it.
 */
export async function interruptible<T>(run: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController()
  const stop = () => controller.abort(new Interrupted('interrupted'))
  const names = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  for (const name of names) process.on(name, stop)
  try {
    return await run(controller.signal)
  } finally {
    for (const name of names) process.removeListener(name, stop)
  }
}
