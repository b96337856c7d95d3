import { adviceOn } from './advice.ts'

/** Messages that have one cause. */
export interface FailureGroup {
  /** The message without what differs from item to item. */
  cause: string
  /** What people can do about it. */
  advice: string
  count: number
  /** The messages themselves, the first ones. */
  examples: readonly string[]
}

/** Messages of a group that are kept. */
const examplesMax = 5

/** Characters of a message that decide about its group. */
const causeMax = 300

/** Messages of this and the following kinds name the item first, and then what is wrong with it. */
const itemLead = /^(error (?:restoring|preparing|decoding|executing \S{1,100} for)) \S{1,600}: /
const alreadyThere = /^could not restore, \S{1,100} "[^"]{1,300}" already exists/

/**
 * Groups messages by their cause: names, numbers and quoted texts that differ from item to item do not count. The largest
 * group comes first, equal ones in the order of their causes.
 */
export function groupFailures(messages: Iterable<string>): FailureGroup[] {
  const groups = new Map<string, { count: number; examples: string[] }>()
  for (const message of messages) {
    const cause = causeOf(message)
    const group = groups.get(cause) ?? { count: 0, examples: [] }
    group.count++
    if (group.examples.length < examplesMax) group.examples.push(message)
    groups.set(cause, group)
  }
  return [...groups]
    .map(([cause, group]) => ({ cause, advice: adviceOn(group.examples[0] ?? cause), ...group }))
    .sort((a, b) => b.count - a.count || (a.cause < b.cause ? -1 : 1))
}

/** The message without what differs from item to item. */
export function causeOf(message: string): string {
  return message
    .slice(0, 2 * causeMax)
    .replace(itemLead, '$1 …: ')
    .replace(alreadyThere, 'could not restore, … already exists')
    .replaceAll(/"(?:[^"\\]|\\[^])*(?:"|\\?$)/g, '"…"')
    .replaceAll(/'(?:[^'\\]|\\[^])*(?:'|\\?$)/g, "'…'")
    .replaceAll(/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g, '…')
    .replaceAll(/\d+/g, '#')
    .slice(0, causeMax)
}
