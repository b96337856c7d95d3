import type { AdmittedRef } from '../../contract/restore-workflow.ts'
import { tallyOf } from '../../core/results/tally.ts'
import type { UndoStep } from '../../core/undo/undo-step.ts'
import { overRuns } from '../../core/undo/written-item.ts'
import type { WrittenItem } from '../../core/undo/written-item.ts'
import { openJournal, readAll, readOutcomes } from '../frame/journal.ts'
import type { Journal } from '../frame/journal.ts'
import type { Session } from '../frame/session.ts'
import type { ObjectStore } from '../ports.ts'
import { readChangeNotes } from './change-notes.ts'

/**
 * The folders of steps: `work` what is to be done, written before it is done; `done` what was done; `preview` what would be done,
 * for who only asks.
 */
export type StepsFolder = 'work' | 'done' | 'preview'

/** The shard with the steps of a chunk. */
export function stepsShard(folder: StepsFolder, chunk: string): string {
  return `undo/${folder}/${chunk}`
}

/** The steps of all chunks in a folder. */
export async function readSteps(journal: Journal, folder: StepsFolder): Promise<UndoStep[]> {
  return (await readAll<UndoStep[]>(journal, `undo/${folder}/`)).flat()
}

/** The journals of all runs of a restore, the first one first. */
export function journalsOf(store: ObjectStore, ref: AdmittedRef): Journal[] {
  return Array.from({ length: ref.run ?? 1 }, (_none, index) => openJournal(store, { ...ref, run: index + 1 }))
}

/** What the runs of a restore have written for the items of a chunk. */
export async function readWritten({ store, ref }: Session, chunk: string): Promise<WrittenItem[]> {
  const written = new Map<string, WrittenItem>()
  for (const journal of journalsOf(store, ref)) {
    const notes = await readChangeNotes(journal, chunk)
    for (const outcome of tallyOf(await readOutcomes(journal, chunk)).values()) {
      const item = overRuns(written.get(outcome.key), { outcome, note: notes.get(outcome.key) })
      if (item !== undefined) written.set(outcome.key, item)
    }
  }
  return [...written.values()]
}
