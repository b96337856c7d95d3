import { status } from '@grpc/grpc-js'
import pLimit from 'p-limit'
import { PluginError } from '../../core/port-errors.ts'
import { grpcWords, isServiceError, startPlugin } from './plugin-process.ts'
import type { PluginProcess, ProcessOptions } from './plugin-process.ts'
import type { Method } from './protocol.ts'

/** How a binary is used. */
export interface BinaryOptions extends ProcessOptions {
  /** Calls that are made at once; 1 for one after the other. */
  callsMax: number
  /** How long one call may take. */
  callMs: number
  /** A call that each process gets before all others. */
  first?: FirstCall
}

/** A call that readies a process, such as `Init`. `who` names the plugin in messages. */
export interface FirstCall {
  who: string
  make: (process: PluginProcess) => Promise<unknown>
  name: string
}

/** A binary with plugins. Its process is started when it is needed, and again when it has died. */
export interface PluginBinary {
  readonly path: string
  /**
   * Makes a call, when it is its turn. `who` names the plugin in messages. Rejects with a `PluginError`, or with the
   * signal's reason; a call that the plugin has got then keeps its turn until it has ended.
   */
  call<Request extends object, Answer>(
    who: string,
    method: Method<Request, Answer>,
    request: Request,
    signal?: AbortSignal,
  ): Promise<Answer>
  /**
   * Makes a call whose answer comes in parts. `begin` is called for each try, and gives what takes the parts in order. The
   * deadline holds for each part.
   */
  download<Request extends object, Part>(
    who: string,
    method: Method<Request, Part>,
    request: Request,
    begin: () => (part: Part) => void | Promise<void>,
  ): Promise<void>
  /** Ends the process; a later call starts another one. */
  stop(): Promise<void>
  /** Ends the process for good: calls that are under way, and later ones, fail, and start nothing. */
  close(): Promise<void>
}

/** How often a call is made whose process dies meanwhile. */
const triesMax = 3

/** After an error of the connection it is seen within this time whether the process has died. */
const deathMs = 1000

/** Makes the use of a binary. Nothing is started before the first call. */
export function createBinary(path: string, options: BinaryOptions): PluginBinary {
  const inTurn = pLimit(options.callsMax)
  const kept = keepProcess(path, options)

  async function tried<T>(who: string, method: Named, work: Work<T>, signal?: AbortSignal): Promise<T> {
    const called = { who, name: method.name, options }
    for (let tries = 1; ; tries++) {
      const process = await kept.started()
      try {
        return await inTime(process, work, called)
      } catch (thrown) {
        const failure = await judge(thrown, process, called)
        if (failure.kind === 'late') kept.forget(process)
        const isWanted = !kept.isClosed() && signal?.aborted !== true
        if (failure.kind !== 'died' || method.once === true || tries >= triesMax || !isWanted) throw failure
        options.log.warn(`${failure.message}; the call is made again`, { plugin: path })
      }
    }
  }

  return {
    path,
    async call(who, method, request, signal) {
      signal?.throwIfAborted()
      const calling = inTurn(async () => {
        signal?.throwIfAborted()
        return tried(who, method, (process) => process.call(method, request), signal)
      })
      return signal === undefined ? calling : orAborted(calling, signal)
    },
    async download(who, method, request, begin) {
      await inTurn(() =>
        tried(who, method, async (process, onPart) => {
          const take = begin()
          for await (const part of process.read(method, request)) {
            onPart()
            await take(part)
          }
        }),
      )
    },
    stop: () => kept.stop(),
    close: () => kept.close(),
  }
}

/** Keeps one process of a binary while that is used. */
function keepProcess(path: string, options: BinaryOptions) {
  let running: { starting: Promise<PluginProcess>; process?: PluginProcess; hasFailed?: true } | undefined
  const closing = new AbortController()

  async function stop(): Promise<void> {
    const stopping = running
    running = undefined
    const process = await stopping?.starting.catch(() => undefined)
    await process?.stop()
  }

  return {
    /** Of several calls that find it dead, the first one starts it again. */
    started(): Promise<PluginProcess> {
      if (closing.signal.aborted)
        return Promise.reject(
          new PluginError(
            'died',
            `plugin ${path} is not called any more: the worker stops, or its location has had many other credentials since`,
          ),
        )
      const isOver = running?.hasFailed ?? running?.process?.ended() !== undefined
      if (running !== undefined && !isOver) return running.starting
      const one: NonNullable<typeof running> = { starting: startReady(path, options, closing.signal) }
      one.starting.then(
        (process) => (one.process = process),
        () => (one.hasFailed = true),
      )
      running = one
      return one.starting
    },
    /** A process that is being ended takes no further call. Another one may be starting already. */
    forget(process: PluginProcess): void {
      if (running?.process === process) running = undefined
    },
    isClosed: () => closing.signal.aborted,
    stop,
    close(): Promise<void> {
      closing.abort()
      return stop()
    },
  }
}

/** Starts a process, and makes its first call. Without an answer to that the process is of no use. */
async function startReady(path: string, options: BinaryOptions, closing: AbortSignal): Promise<PluginProcess> {
  const process = await startPlugin(path, options, closing)
  const { first } = options
  if (first === undefined) return process
  const called = { who: first.who, name: first.name, options }
  try {
    await inTime(process, first.make, called)
    return process
  } catch (thrown) {
    const failure = await judge(thrown, process, called)
    process.kill()
    throw new PluginError('binary', failure.message, { cause: failure })
  }
}

/** A call of one plugin, as messages name it. */
interface Called {
  who: string
  name: string
  options: BinaryOptions
}

/** The method that a call is made of, whatever its messages are. */
type Named = Pick<Method<object, unknown>, 'name' | 'once'>

/** What is done with a process in one call. Each part of an answer begins the time anew. */
type Work<T> = (process: PluginProcess, onPart: () => void) => Promise<T>

/** A plugin that does not answer in time is ended: nothing else would end its call, and others wait for their turn. */
async function inTime<T>(process: PluginProcess, work: Work<T>, { who, name, options }: Called): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(
        new PluginError(
          'late',
          `plugin ${who} has not answered ${name} within ${options.callMs / 1000} s (DRYDOCK_PLUGIN_TIMEOUT), and was ended`,
        ),
      )
      process.kill()
    }, options.callMs)
  })
  const answer = work(process, () => timer?.refresh())
  try {
    return await Promise.race([answer, late])
  } finally {
    clearTimeout(timer)
    answer.catch(() => undefined)
  }
}

async function judge(thrown: unknown, process: PluginProcess, { who, name, options }: Called): Promise<PluginError> {
  if (thrown instanceof PluginError) return thrown
  if (!isServiceError(thrown)) {
    const words = thrown instanceof Error ? thrown.message : String(thrown)
    return new PluginError('answer', `plugin ${who} has sent an answer to ${name} that cannot be read: ${words}`)
  }
  if (thrown.code === status.RESOURCE_EXHAUSTED && thrown.details.startsWith('Received message larger'))
    return new PluginError(
      'answer',
      `plugin ${who} has answered ${name} with more than the ${options.answerBytesMax} bytes of DRYDOCK_ITEM_BYTES`,
    )
  if ([status.UNAVAILABLE, status.CANCELLED, status.INTERNAL].includes(thrown.code)) {
    await process.whenEnded(deathMs)
    const end = process.ended() ?? (await endIfDeaf(process))
    if (end !== undefined) return new PluginError('died', `plugin ${who} died while it worked on ${name} (${end})`)
  }
  return new PluginError('answer', grpcWords(thrown))
}

/** A process that lives and does not listen any more would fail every call: it is ended. Returns why; undefined for one that listens. */
async function endIfDeaf(process: PluginProcess): Promise<string | undefined> {
  if (await process.listens()) return undefined
  process.kill()
  await process.whenEnded(deathMs)
  return 'it did not listen on its socket any more, and was ended'
}

/** Rejects with the reason of the signal once that has aborted; the work goes on. */
export function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason as Error)
    if (signal.aborted) stop()
    signal.addEventListener('abort', stop, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop))
  })
}
