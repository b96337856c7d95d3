import type { RestoreState } from '../api/options.ts'
import { formatSeconds } from './progress.ts'
import type { Rate } from './rate.ts'
import { renderTable } from './render-table.ts'

/** A restore on the screen. */
export interface ShownRestore {
  namespace: string
  state: RestoreState
  rate: Rate
}

/** Several restores as a table, those that go on first; `width` is that of the terminal. */
export function restoresScreen(restores: readonly ShownRestore[], width?: number): string {
  if (restores.length === 0) return 'There is no restore that goes on'
  const sorted = restores.toSorted(
    (a, b) =>
      Number(a.state.over) - Number(b.state.over) ||
      compare(a.namespace, b.namespace) ||
      compare(a.state.name, b.state.name),
  )
  return renderTable(head, sorted.map(rowOf), width)
}

const head = ['NAMESPACE', 'NAME', 'PHASE', 'ITEMS', 'DONE', 'RATE', 'LEFT', 'ERRORS', 'WAITING FOR']

function rowOf({ namespace, state, rate }: ShownRestore): (string | number)[] {
  const { name, phase, over, itemsDone, itemsTotal, errors, waitingFor = '' } = state
  return [
    namespace,
    name,
    phase,
    itemsTotal === 0 ? '' : `${itemsDone}/${itemsTotal}`,
    itemsTotal === 0 ? '' : `${Math.floor((100 * itemsDone) / itemsTotal)}%`,
    over || rate.itemsPerSecond === 0 ? '' : `${Math.round(rate.itemsPerSecond)}/s`,
    over || rate.secondsLeft === undefined ? '' : formatSeconds(rate.secondsLeft),
    errors,
    waitingFor,
  ]
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
