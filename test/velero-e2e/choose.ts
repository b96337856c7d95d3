import { readFileSync } from 'node:fs'
import { groups } from './groups.ts'
import type { GroupName } from './groups.ts'
import type { Expected } from './specs.ts'

/** Specs to run on the servers of one group. */
export interface Choice {
  name: GroupName
  specs: string[]
}

/** The list of all specs of the suite, in the order of the suite. */
export function readExpected(): Expected[] {
  return JSON.parse(readFileSync(new URL('./expected.json', import.meta.url), 'utf8')) as Expected[]
}

/** The specs that were asked for, by group, in the order of the groups: those of a pattern, or all, or the quick ones. */
export function choose(expected: readonly Expected[], asked: { all: boolean; focus?: RegExp }): Choice[] {
  const chosen = expected.flatMap((entry) => {
    if ('cannot' in entry) return []
    const isAsked = asked.focus === undefined ? asked.all || entry.quick === true : asked.focus.test(entry.spec)
    return isAsked ? [entry] : []
  })
  return (Object.keys(groups) as GroupName[])
    .map((name) => ({ name, specs: chosen.filter(({ group }) => group === name).map(({ spec }) => spec) }))
    .filter(({ specs }) => specs.length > 0)
}
