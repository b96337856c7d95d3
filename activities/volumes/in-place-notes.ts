import type { ClaimInPlace } from '../../core/volumes/in-place.ts'
import { readAll } from '../frame/journal.ts'
import type { Journal } from '../frame/journal.ts'

/** Where the notes are in the journal: one for each claim that makes way. A retry gets them too. */
export const inPlaceFolder = 'in-place/'

/** The notes of a restore about claims that make way for their data. */
export interface InPlaceNotes {
  /** The notes about a claim, the last one first. */
  about(namespace: string, name: string): Promise<ClaimInPlace[]>
  /** Settles a note, and returns the one that is there then. */
  settle(note: ClaimInPlace): Promise<ClaimInPlace>
}

/** The notes in a journal. */
export function inPlaceNotes(journal: Journal): InPlaceNotes {
  return {
    about: async (namespace, name) => lastFirst(await readAll<ClaimInPlace>(journal, folderOf(namespace, name))),
    settle(note) {
      const { namespace = '', name } = note.claim.metadata
      return journal.writeOnce(`${folderOf(namespace, name)}${note.claimUid}`, note)
    },
  }
}

/** The last note about each claim. */
export async function lastNotes(journal: Journal): Promise<ClaimInPlace[]> {
  const notes = lastFirst(await readAll<ClaimInPlace>(journal, inPlaceFolder))
  const idOf = ({ claim: { metadata } }: ClaimInPlace) => `${metadata.namespace ?? ''}/${metadata.name}`
  return [...new Map(notes.toReversed().map((note) => [idOf(note), note])).values()]
}

function folderOf(namespace: string, name: string): string {
  return `${inPlaceFolder}${namespace}/${name}/`
}

function lastFirst(notes: readonly ClaimInPlace[]): ClaimInPlace[] {
  return notes.toSorted((a, b) => (a.at < b.at ? 1 : -1))
}
