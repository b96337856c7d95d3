import type { ObjectRef } from '../../velero/resource.ts'
import { formatGroupResource } from '../../velero/resource.ts'
import { listedName } from '../items/outcome.ts'

/** What an undo does about one object. */
export interface UndoStep {
  /** The key of the item's outcome. */
  key: string
  object: ObjectRef & { uid: string }
  /**
   * `delete`: the restore has created it. `put-back`: the restore has changed it. `keep`: it stays as it is. `gone`: it does not
   * stand there any more.
   */
  do: 'delete' | 'put-back' | 'keep' | 'gone'
  /** Why it is kept, or that it goes by itself. */
  because?: string
}

/** How people name an object: `deployments.apps shop/web`. */
export function nameOf({ group, resource, namespace, name }: Omit<ObjectRef, 'version'>): string {
  return `${formatGroupResource(resource, group)} ${listedName(namespace, name)}`
}

/** Numbers of steps, and the first objects that are kept. */
export interface StepCounts {
  deleted: number
  putBack: number
  kept: number
  gone: number
  keptFirst: readonly { object: string; because: string }[]
}

/** No step. */
export const noSteps: StepCounts = { deleted: 0, putBack: 0, kept: 0, gone: 0, keptFirst: [] }

/** Counts steps; `keptMax` bounds the list of kept objects. */
export function countSteps(steps: readonly UndoStep[], keptMax: number): StepCounts {
  const of = (what: UndoStep['do']) => steps.filter((step) => step.do === what)
  const kept = of('keep')
  return {
    deleted: of('delete').length,
    putBack: of('put-back').length,
    kept: kept.length,
    gone: of('gone').length,
    keptFirst: kept.slice(0, keptMax).map(({ object, because = '' }) => ({ object: nameOf(object), because })),
  }
}

/** The sum of counts. */
export function addCounts(a: StepCounts, b: StepCounts, keptMax: number): StepCounts {
  return {
    deleted: a.deleted + b.deleted,
    putBack: a.putBack + b.putBack,
    kept: a.kept + b.kept,
    gone: a.gone + b.gone,
    keptFirst: [...a.keptFirst, ...b.keptFirst].slice(0, keptMax),
  }
}

/** Counts in words: `12 deleted, 3 put back, 2 kept, 1 gone before`. */
export function countsInWords({ deleted, putBack, kept, gone }: Omit<StepCounts, 'keptFirst'>): string {
  return `${deleted} deleted, ${putBack} put back, ${kept} kept, ${gone} gone before`
}
