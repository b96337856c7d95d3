import type { PlannedItem } from '../../core/plan/plan.ts'
import { sha256Hex } from '../../core/values/derived-names.ts'
import type { GroupResource, ObjectRef } from '../../velero/resource.ts'
import { readAll } from '../frame/journal.ts'
import type { Journal } from '../frame/journal.ts'

/** Where the notes are in the journal: one for each object that is deleted for its item. A retry gets them too. */
export const recreateFolder = 'recreate/'

/** An object that is deleted so that its item can be created. From then on the item is ours to create. */
export interface RecreateNote {
  /** The key of the item's outcome. */
  key: string
  groupResource: GroupResource
  item: PlannedItem
  /** The object that stands there; only this very one is deleted. */
  object: ObjectRef & { uid: string }
}

/** The notes of a restore about objects that it deletes for their items. */
export interface RecreateNotes {
  /** The note about an item; undefined without one. */
  about(key: string): Promise<RecreateNote | undefined>
  /** Settles a note, and returns the one that is there then: of an item one object is deleted, never a second one. */
  settle(note: RecreateNote): Promise<RecreateNote>
}

/** The notes in a journal. */
export function recreateNotes(journal: Journal): RecreateNotes {
  return {
    about: (key) => journal.read<RecreateNote>(shardOf(key)),
    settle: (note) => journal.writeOnce(shardOf(note.key), note),
  }
}

/** All notes of a restore. */
export function allRecreateNotes(journal: Journal): Promise<RecreateNote[]> {
  return readAll<RecreateNote>(journal, recreateFolder)
}

/** Tells by its key whether there is a note about an item. The notes are listed and none is read: a restore may have many. */
export async function listRecreated(journals: readonly Journal[]): Promise<(key: string) => boolean> {
  const lists = await Promise.all(journals.map((journal) => journal.list(recreateFolder)))
  const listed = new Set(lists.flat())
  return (key) => listed.has(shardOf(key))
}

function shardOf(key: string): string {
  return `${recreateFolder}${sha256Hex(key).slice(0, 40)}`
}
