import type { ChangeNote } from '../../core/undo/change-note.ts'
import { readAll } from '../frame/journal.ts'
import type { Journal } from '../frame/journal.ts'

/** Notes of a batch with more characters than this are left out, the largest first: an undo keeps these objects and says so. */
const notesLengthMax = 64 * 1024 * 1024

/** Where the notes about the changes of a chunk are. They stay until the Restore is deleted. */
const folderOf = (chunk: string) => `undo/before/${chunk}/`

/** Notes how to take back the changes of a batch that are about to be made; `part` names the batch and its attempt. */
export async function noteChanges(
  journal: Journal,
  { chunk, part }: { chunk: string; part: string },
  notes: readonly ChangeNote[],
): Promise<void> {
  if (notes.length > 0) await journal.write(`${folderOf(chunk)}${part}`, withinBound(notes))
}

function withinBound(notes: readonly ChangeNote[]): ChangeNote[] {
  const sized = notes.map((note) => ({ note, length: JSON.stringify(note).length }))
  let total = 0
  return sized
    .toSorted((a, b) => a.length - b.length)
    .flatMap(({ note, length }) => ((total += length) > notesLengthMax ? [] : [note]))
}

/** The last note about each object of a chunk, by key. */
export async function readChangeNotes(journal: Journal, chunk: string): Promise<Map<string, ChangeNote>> {
  const notes = (await readAll<ChangeNote[]>(journal, folderOf(chunk))).flat()
  return new Map(notes.toSorted((a, b) => (a.at < b.at ? -1 : 1)).map((note) => [note.key, note]))
}
