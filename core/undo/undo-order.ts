/** In which order an undo works off the waves of its restore. */
export interface UndoOrder {
  /** The numbers of the waves. */
  order: readonly number[]
  /** How many of them, at the beginning, are those of custom objects. */
  customCount: number
}

/**
 * The numbers of waves in the order in which an undo works them off. Custom objects come first: what their finalizers ask for is done
 * by an operator, and the restore may have created that too. Then it is the reverse order of the restore.
 */
export function undoOrder(waves: readonly { custom?: boolean }[]): UndoOrder {
  const numbers = waves.map((_wave, index) => index).toReversed()
  const custom = numbers.filter((index) => waves[index]?.custom === true)
  return { order: [...custom, ...numbers.filter((index) => !custom.includes(index))], customCount: custom.length }
}
