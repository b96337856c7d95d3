/** A program that runs. */
export interface Running {
  /** Its exit code; null where a signal ended it. */
  ended: Promise<number | null>
  /** Asks it to end. */
  stop(): void
}

/** A program to keep running. */
export interface Program {
  name: string
  start(): Promise<Running>
  /** Exit codes after which another start is of no use. */
  final?: readonly number[]
}

/** What keeping a program running needs of its surroundings. */
export interface Surroundings {
  /** Milliseconds, by a clock that only goes forward. */
  now: () => number
  /** Resolves after the time, or as soon as the signal says so. */
  sleep: (ms: number, signal: AbortSignal) => Promise<void>
  /** One line about what happened. */
  tell: (line: string) => void
  /** Ends the program, and the keeping. */
  signal: AbortSignal
}

/**
 * Keeps a program running until the signal: one that ends by itself is started again. Resolves with its exit code, when it was
 * asked to end, ended with a final code, or was given up; 1 stands for a signal or a start that failed.
 */
export async function supervise(program: Program, { now, sleep, tell, signal }: Surroundings): Promise<number> {
  const { name, final = [] } = program
  for (let failedStarts = 0; !signal.aborted;) {
    const began = now()
    const code = await runOnce(program, signal, tell)
    if (signal.aborted) return code ?? 0
    if (code !== null && final.includes(code)) return code
    const how = code === null ? 'was ended by a signal' : `ended with code ${code}`
    const decision = decideRestart({ livedMs: now() - began, failedStarts })
    if (decision.do === 'give-up') {
      tell(`${name} ${how} soon after each start: it is given up`)
      return code ?? 1
    }
    tell(`${name} ${how}: it is started again in ${decision.afterMs / 1000} s`)
    failedStarts = decision.failedStarts
    await sleep(decision.afterMs, signal)
  }
  return 0
}

async function runOnce(program: Program, signal: AbortSignal, tell: (line: string) => void): Promise<number | null> {
  let running: Running
  try {
    running = await program.start()
  } catch (thrown) {
    tell(`${program.name} cannot be started: ${thrown instanceof Error ? thrown.message : String(thrown)}`)
    return 1
  }
  const stop = () => running.stop()
  if (signal.aborted) stop()
  signal.addEventListener('abort', stop, { once: true })
  try {
    return await running.ended
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

/** How a program that is to run always has ended by itself. */
export interface Death {
  /** How long it had run. */
  livedMs: number
  /** How many times in a row it had ended soon before this time. */
  failedStarts: number
}

/** A program that ran for less than this did not really start. */
const soonMs = 10_000
const failedStartsMax = 5
const firstPauseMs = 1000
const pauseMsMax = 30_000

/**
 * Whether to start a program again that has ended by itself, and after which pause. One that has run starts again after a second.
 * One that ends soon after each start is given up at the fifth time, with longer pauses before.
 */
export function decideRestart({
  livedMs,
  failedStarts,
}: Death): { do: 'restart'; afterMs: number; failedStarts: number } | { do: 'give-up' } {
  if (livedMs >= soonMs) return { do: 'restart', afterMs: firstPauseMs, failedStarts: 0 }
  const failed = failedStarts + 1
  if (failed >= failedStartsMax) return { do: 'give-up' }
  return { do: 'restart', afterMs: Math.min(firstPauseMs * 2 ** (failed - 1), pauseMsMax), failedStarts: failed }
}
