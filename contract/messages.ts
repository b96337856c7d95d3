import type { defineSearchAttributeKey, QueryDefinition, SignalDefinition } from '@temporalio/common'

// As Temporal's own functions make them. Those are in libraries that clients would otherwise load for these three alone, which
// takes 0.1 s of CPU.

/** A signal by its name. */
export function signal<Arguments extends unknown[] = []>(name: string): SignalDefinition<Arguments> {
  return { type: 'signal', name } as SignalDefinition<Arguments>
}

/** A query by its name. */
export function query<Answer>(name: string): QueryDefinition<Answer> {
  return { type: 'query', name } as QueryDefinition<Answer>
}

/** A search attribute of type Keyword by its name. */
export function keyword(name: string): ReturnType<typeof defineSearchAttributeKey<'KEYWORD'>> {
  return { name, type: 'KEYWORD' }
}
