/**
 * The numbers of waves in the order in which an undo works them off. Custom objects come first: what their finalizers ask for is done
 * by an operator, and the restore may have created that too. Then it is the reverse order of the restore.
 */
export function undoOrder(waves: readonly { custom?: boolean }[]): { order: number[]; customCount: number } {
  const numbers = waves.map((_wave, index) => index).toReversed()
  const custom = numbers.filter((index) => waves[index]?.custom === true)
  return { order: [...custom, ...numbers.filter((index) => !custom.includes(index))], customCount: custom.length }
}
