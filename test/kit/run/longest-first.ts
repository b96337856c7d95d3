import { BaseSequencer } from 'vitest/node'
import type { TestSpecification } from 'vitest/node'

/** Files that run for minutes. One that begins last leaves the other worker idle, and vitest judges new files by their size. */
const long = ['parity', 'rules', 'bucket-read-only', 'chaos', 'worker', 'finalize', 'client', 'backup-gone']

/** Begins with the files that take longest; the rest comes as vitest orders it. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    return sorted.toSorted((one, other) => rank(one) - rank(other))
  }
}

function rank({ moduleId }: TestSpecification): number {
  const found = long.findIndex((name) => moduleId.endsWith(`/${name}.test.ts`) && moduleId.includes('/test/e2e/'))
  return found === -1 ? long.length : found
}
