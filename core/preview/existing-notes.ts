import { whatExists } from '../asked/existing.ts'
import { saysMustNotExist } from '../items/decide-existing.ts'
import type { Tally } from '../results/tally.ts'

/** One sentence where a restore would end before it writes, since objects exist that must not; none otherwise. */
export function existingNotes(tally: Tally): string[] {
  const names = [...tally.values()].flatMap(({ messages, listed }) =>
    messages.some(saysMustNotExist) ? [`${listed?.kind ?? ''} ${listed?.name ?? ''}`] : [],
  )
  return names.length === 0 ? [] : [`The restore would end before it writes: ${whatExists(names.sort())} and must not`]
}
