import { BaseSequencer } from 'vitest/node'
import type { TestSpecification } from 'vitest/node'

/**
 * Files that run for a minute or more, and the longest of the unit tests, the longest first. One that begins last leaves the other
 * workers idle, and vitest judges new files by their size.
 */
const long = [
  'e2e/items/parity',
  'e2e/chaos/seeded',
  'e2e/docs/commands',
  'e2e/items/modes-with-tools',
  'e2e/chaos/bucket-read-only',
  'e2e/worker/worker',
  'e2e/worker/events',
  'e2e/items/item-trouble',
  'e2e/finalize/finalize',
  'e2e/chaos/rolling',
  'e2e/chaos/chaos',
  'e2e/items/continue-as-new',
  'e2e/chaos/temporal-away',
  'e2e/admission/take-over',
  'e2e/items/plugin-kills',
  'e2e/client/client',
  'infra/presence/presence.servers',
  'e2e/workflows/locks',
  'activities/crash-items',
  'activities/crash-admission',
  'activities/crash',
  'workflows/replay',
]

/**
 * Each project begins with its files that take longest; the rest comes as vitest orders it. Files of one project run one after
 * another, since a process serves files of one project only. The last project is `unit`, which leaves no processor idle.
 */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    const projects = [...new Set(sorted.map(({ project }) => project.name))]
    return projects.flatMap((name) =>
      sorted.filter(({ project }) => project.name === name).toSorted((one, other) => rank(one) - rank(other)),
    )
  }
}

function rank({ moduleId }: TestSpecification): number {
  const found = long.findIndex((name) => moduleId.endsWith(`/test/${name}.test.ts`))
  return found === -1 ? long.length : found
}
