import { LRUCache } from 'lru-cache'
import { createBinary } from './plugin-binary.ts'
import type { BinaryOptions, PluginBinary } from './plugin-binary.ts'
import type { Method, Nothing } from './protocol.ts'

/** A binary with one configuration, whose process is ended when nobody has used it for a while. */
export type UsedBinary = Pick<PluginBinary, 'call' | 'download' | 'close'>

/** What a plugin is readied with: the request of `Init`. */
export interface InitRequest {
  plugin: string
  config: Record<string, string>
}

/** A process that has got no call for so long is ended; the next call starts another one. */
const idleMs = 60_000

/** Makes the use of a binary whose processes get `Init` with that configuration when they start. */
export function createUsedBinary(
  init: Method<InitRequest, Nothing>,
  { plugin, config }: InitRequest,
  { path, options }: { path: string; options: BinaryOptions },
): UsedBinary {
  const make = (process: Caller) => process.call(init, { plugin, config })
  return whileUsed(createBinary(path, { ...options, first: { who: plugin, name: init.name, make } }))
}

/** Configurations that are kept, of locations and of credentials that are renewed; the process of one has mostly ended long before. */
const configurationsMax = 100

/** Keeps the binaries of configurations, those that were used last. */
export function keptByUse<Kept extends object>(close: (one: Kept) => Promise<unknown>) {
  const kept = new LRUCache<string, Kept>({
    max: configurationsMax,
    dispose: (one, _key, reason) => {
      if (reason === 'evict') void close(one)
    },
  })
  return {
    /** The one of a configuration; it is made where there is none. */
    use(key: string, make: () => Kept): Kept {
      const one = kept.get(key) ?? make()
      kept.set(key, one)
      return one
    },
    async closeAll(): Promise<void> {
      await Promise.all([...kept.values()].map(close))
    },
  }
}

type Caller = Parameters<NonNullable<BinaryOptions['first']>['make']>[0]

function whileUsed(binary: PluginBinary): UsedBinary {
  let [calls, idle]: [number, NodeJS.Timeout | undefined] = [0, undefined]
  async function using<T>(work: () => Promise<T>): Promise<T> {
    clearTimeout(idle)
    calls++
    try {
      return await work()
    } finally {
      calls--
      if (calls === 0) idle = setTimeout(() => void binary.stop(), idleMs).unref()
    }
  }
  return {
    call: (...args) => using(() => binary.call(...args)),
    download: (...args) => using(() => binary.download(...args)),
    async close() {
      clearTimeout(idle)
      await binary.close()
    },
  }
}
