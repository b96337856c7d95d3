import type { Outcome } from '../items/outcome.ts'
import { parseItemKey } from '../items/outcome.ts'
import type { ChangeNote } from './change-note.ts'
import { writtenObject } from './decide-undo.ts'

/** What a restore has written for one item: the outcome, and how to take a change back. */
export interface WrittenItem {
  outcome: Outcome
  note: ChangeNote | undefined
}

/**
 * What an item came to over the runs of a restore, the earlier first; undefined where no run has written anything for it. What an
 * earlier run has created is still created where a later one changed it, and the first note about a change tells what stood there
 * before any of them.
 */
export function overRuns(earlier: WrittenItem | undefined, later: WrittenItem): WrittenItem | undefined {
  const object = writtenObject(later)
  if (object === undefined) return earlier
  if (earlier === undefined) return later
  if (writtenObject(earlier)?.uid !== object.uid) return later
  const { version, contents } = later.outcome
  if (earlier.outcome.action === 'created')
    return { ...earlier, outcome: { ...earlier.outcome, ...(version === undefined ? {} : { version }) } }
  const { contents: _contents, ...outcome } = later.outcome
  return { outcome: { ...outcome, ...(contents === undefined ? {} : { contents }) }, note: earlier.note ?? later.note }
}

/** Whether the journal says about a created object what an undo goes by: earlier versions did not store it. */
export function isUndoable({ key, action, object, namespaceUid, version }: Outcome): boolean {
  if (action !== 'created' && action !== 'updated') return true
  if (version === undefined) return false
  return parseItemKey(key)?.groupResource === 'namespaces' ? namespaceUid !== undefined : object !== undefined
}
