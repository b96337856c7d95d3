import type { ObjectStore, Ports } from '../../../activities/ports.ts'

/**
 * The same ports for a worker that works in the wrong order: what it writes into the journal under `shard` gets there only
 * after the next write outside, a patch or a command. So any activity becomes one that writes before its journal entry.
 */
export function withJournalLast(ports: Ports, shard: string): Ports {
  let postponed: (() => Promise<unknown>)[] = []
  const first = async <T>(write: () => Promise<T>): Promise<T> => {
    const answer = await write()
    const entries = postponed
    postponed = []
    for (const put of entries) await put()
    return answer
  }
  const late = (store: ObjectStore): ObjectStore => ({
    ...store,
    async put(key, body, options) {
      if (!key.includes(`/${shard}`)) return store.put(key, body, options)
      const standing = options?.onlyIfAbsent === true && (await store.head(key)) !== undefined
      if (!standing) postponed.push(() => store.put(key, body, options))
      return !standing
    },
  })
  return {
    ...ports,
    stores: { open: async (location) => late(await ports.stores.open(location)) },
    cluster: { ...ports.cluster, patch: (...call) => first(() => ports.cluster.patch(...call)) },
    exec: { run: (...call) => first(() => ports.exec.run(...call)) },
  }
}
