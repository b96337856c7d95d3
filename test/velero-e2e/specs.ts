import type { GroupName } from './groups.ts'

/** A spec of the suite in `expected.json`: it passes in a group of servers, or it cannot run here. */
export type Expected = Passes | Cannot

interface Passes {
  /** Its labels and its texts, as `nameSpecs` puts them together. */
  spec: string
  group: GroupName
  /** One of the specs that a run without options takes. */
  quick?: true
}

interface Cannot {
  spec: string
  /** Why it cannot run here: one sentence. */
  cannot: string
}

/** A spec as ginkgo reports it. */
export interface SpecReport {
  LeafNodeType: string
  LeafNodeText: string
  ContainerHierarchyTexts: readonly string[] | null
  ContainerHierarchyLabels: readonly (readonly string[] | null)[] | null
  State: string
  /** Nanoseconds. */
  RunTime: number
  Failure?: { Message?: string }
}

/** The specs of a report by their names: labels, then texts. Those of one name are numbered from the second on. */
export function nameSpecs(reports: readonly SpecReport[]): Map<string, SpecReport> {
  const named = new Map<string, SpecReport>()
  for (const report of reports.filter(({ LeafNodeType }) => LeafNodeType === 'It')) {
    const labels = (report.ContainerHierarchyLabels ?? []).flatMap((of) => of ?? [])
    const texts = [...(report.ContainerHierarchyTexts ?? []), report.LeafNodeText].filter(Boolean)
    const name = `${labels.join(' ')}: ${texts.join(' / ')}`
    let free = name
    for (let next = 2; named.has(free); next++) free = `${name} (${next})`
    named.set(free, report)
  }
  return named
}

/** The labels in the name of a spec. */
export const labelsOf = (spec: string): string[] => spec.slice(0, spec.indexOf(':')).split(' ')

/**
 * The filter by which ginkgo runs these specs and no others, but for those of the very same labels. The labels of one spec may be
 * among those of another one, so each term also names the labels that a wanted spec does not have.
 */
export function labelFilter(wanted: readonly string[], all: readonly string[]): string {
  const sets = all.map(labelsOf)
  const terms = wanted.map((spec) => {
    const own = labelsOf(spec)
    const larger = sets.filter((other) => own.every((label) => other.includes(label)))
    const foreign = new Set(larger.flat().filter((label) => !own.includes(label)))
    return `(${[...own, ...[...foreign].map((label) => `!${label}`)].join(' && ')})`
  })
  return [...new Set(terms)].join(' || ')
}
