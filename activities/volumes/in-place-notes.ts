import type { ClaimInPlace } from '../../core/volumes/in-place.ts'
import { readAll } from '../frame/journal.ts'
import type { Journal } from '../frame/journal.ts'

/** Where the notes are in the journal: one for each claim that makes way. A retry gets them too. */
export const inPlaceFolder = 'in-place/'

/** A shard for each note about which all is done: the claim stands, and its volume is given back or left to another restore. */
export const putBackFolder = 'put-back/'

/** The notes of a restore about claims that make way for their data. */
export interface InPlaceNotes {
  /** The notes about a claim, the last one first. */
  about(namespace: string, name: string): Promise<ClaimInPlace[]>
  /** Settles a note, and returns the one that is there then. It counts as not put back again: a retry takes the claim once more. */
  settle(note: ClaimInPlace): Promise<ClaimInPlace>
}

/** The notes in a journal. */
export function inPlaceNotes(journal: Journal): InPlaceNotes {
  return {
    about: async (namespace, name) => lastFirst(await readAll<ClaimInPlace>(journal, folderOf(namespace, name))),
    async settle(note) {
      const { namespace = '', name } = note.claim.metadata
      const settled = await journal.writeOnce(`${folderOf(namespace, name)}${note.claimUid}`, note)
      await journal.remove([putBackShard(settled)])
      return settled
    },
  }
}

/** The last note about each claim, without those that are put back. */
export async function notesLeft(journal: Journal): Promise<ClaimInPlace[]> {
  const notes = lastFirst(await readAll<ClaimInPlace>(journal, inPlaceFolder))
  const idOf = ({ claim: { metadata } }: ClaimInPlace) => `${metadata.namespace ?? ''}/${metadata.name}`
  const last = [...new Map(notes.toReversed().map((note) => [idOf(note), note])).values()]
  const putBack = new Set(last.length === 0 ? [] : await journal.list(putBackFolder))
  return last.filter((note) => !putBack.has(putBackShard(note)))
}

/** Notes that a claim is put back: it is not looked at again, whatever becomes of it. */
export async function notePutBack(journal: Journal, note: ClaimInPlace, at: string): Promise<void> {
  await journal.writeOnce(putBackShard(note), { at })
}

function putBackShard({ claim: { metadata }, claimUid }: ClaimInPlace): string {
  return `${putBackFolder}${metadata.namespace ?? ''}/${metadata.name}/${claimUid}`
}

function folderOf(namespace: string, name: string): string {
  return `${inPlaceFolder}${namespace}/${name}/`
}

function lastFirst(notes: readonly ClaimInPlace[]): ClaimInPlace[] {
  return notes.toSorted((a, b) => (a.at < b.at ? 1 : -1))
}
