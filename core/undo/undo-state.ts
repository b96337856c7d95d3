import { claimedAnnotation, planAnnotation, undoneAnnotation } from '../../velero/labels.ts'
import { isTerminal } from '../../velero/phases.ts'
import type { Restore } from '../../velero/restore.ts'
import { isPlanAsked } from '../preview/is-plan-asked.ts'
import { isSweptByVelero } from '../results/restore-status.ts'

/** How far the undo of a restore has come. */
export interface UndoState {
  /** `begun`: it is under way. `stopped`: it was cancelled or has failed, and may be started again. */
  state: 'begun' | 'stopped' | 'done'
  /** When; RFC 3339. */
  at: string
  /** What it came to, in words. */
  text?: string
}

/** The text of the annotation that says how far an undo has come. */
export function formatUndoState({ state, at, text }: UndoState): string {
  return [state, at, ...(text === undefined ? [] : [text])].join(', ')
}

/** What the annotation of a Restore says of its undo; undefined where nobody has begun one. */
export function undoStateOf({ metadata }: Pick<Restore, 'metadata'>): UndoState | undefined {
  const [, state, at = '', text] =
    /^(begun|stopped|done), ([^,]*)(?:, (.*))?$/s.exec(metadata.annotations?.[undoneAnnotation] ?? '') ?? []
  if (state === undefined) return undefined
  return { state: state as UndoState['state'], at, ...(text === undefined ? {} : { text }) }
}

/** Why a restore cannot be undone, as a sentence after its name; undefined where the Restore itself allows it. */
export function whyNotUndone(restore: Restore): string | undefined {
  const { metadata, status = {} } = restore
  const { phase } = status
  if (metadata.deletionTimestamp !== undefined) return 'is being deleted, and its journal with it'
  if (isPlanAsked(metadata.annotations?.[planAnnotation])) return 'is a plan: it has restored nothing'
  if (phase === 'FailedValidation') return 'was not valid: it has restored nothing'
  const claimed = metadata.annotations?.[claimedAnnotation] !== undefined
  const swept = claimed && isSweptByVelero(status)
  if (!isTerminal(phase) || swept)
    return `is not over: its phase is ${swept ? 'InProgress' : phase || 'New'}; wait for its end or cancel it, then undo it`
  if (!claimed) return 'was not restored by Drydock: no journal says what it has created'
  const undo = undoStateOf(restore)
  return undo?.state === 'done' ? `was undone already, at ${undo.at}` : undefined
}
