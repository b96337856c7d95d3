import { Context } from '@temporalio/activity'
import { LRUCache } from 'lru-cache'
import type { Session } from './session.ts'

const restoresMax = 500

/**
 * Reads what does not change any more during one run of a restore's workflow, once per worker and run: looks come every
 * few seconds, and the outcomes of a restore may be many shards. A read that fails is not kept.
 */
export function cachedByRun<T extends object, More extends readonly unknown[]>(
  read: (session: Session, ...more: More) => Promise<T>,
): (session: Session, ...more: More) => Promise<T> {
  let kept: LRUCache<string, Promise<T>> | undefined
  return (session, ...more) => {
    // Made when it is needed: it reserves its place, and tests start thousands of workers that use none.
    const known = (kept ??= new LRUCache({ max: restoresMax, ttl: 15 * 60_000 }))
    const key = `${session.ref.uid}/${Context.current().info.workflowExecution?.runId ?? ''}`
    const found = known.get(key)
    if (found !== undefined) return found
    const reading = read(session, ...more)
    known.set(key, reading)
    reading.catch(() => {
      if (known.peek(key) === reading) known.delete(key)
    })
    return reading
  }
}
