import type { Wait } from '../../contract/look.ts'
import type { WorkLeft } from '../../core/finalize/work-left.ts'
import type { Message } from '../../core/items/outcome.ts'
import type { Attempt } from '../frame/run-activity.ts'
import type { Session, Sessions } from '../frame/session.ts'
import type { Ports } from '../ports.ts'
import type { Settings } from '../settings.ts'
import type { FinalizeFacts } from './finalize-facts.ts'

/**
 * One step of the finalization. The tasks run one after another, after all items and operations, in the order of
 * `tasks.ts`. How to add one is told in `docs/finalization.md`.
 */
export interface FinalizeTask {
  /** Its name in history and journal; in lower case, with hyphens. No later task may get the name of an earlier one. */
  readonly name: string
  /** What it does, as the Web UI shows it. */
  readonly title: string
  /**
   * Its deadline: so many seconds after its first attempt began. What it waits for it gives up then (`isOver()`), and an
   * attempt that fails after its deadline is the last one.
   */
  readonly deadlineSeconds: (settings: Settings) => number
  /** Whether this restore wants it. Absent for a task that every restore runs. See {@link askedBy}. */
  readonly isWanted?: (session: Pick<Session, 'admission'>, settings: Settings) => boolean
  /** The only work that it has: it is not run where none of that is left. Absent for a task that may always have some. */
  readonly work?: keyof WorkLeft
  /**
   * Does the work and returns what the results are to say, or what is waited for: then it is run again after a pause. It may
   * be run again from the start at any time. What it throws is retried where it may pass, until the deadline; anything else
   * becomes one error of the restore.
   */
  readonly run: (context: FinalizeContext) => Promise<FinalizeFinding | Wait>
}

/** What a task works with, the same for every task. */
export interface FinalizeContext {
  session: Session
  sessions: Sessions
  ports: Ports
  settings: Settings
  attempt: Attempt
  /** Gathered once for all tasks. */
  facts: FinalizeFacts
  /** The deadline of the task, in milliseconds since 1970. */
  deadlineMs: number
  /** Whether the deadline has passed: the task stops waiting and reports what it has waited for. */
  isOver: () => boolean
}

/** What a task came to. */
export interface FinalizeFinding {
  /** Warnings and errors for the results. */
  messages: readonly Message[]
  /** Velero's counts of exec hooks, from the task that awaits them. */
  hookStatus?: HookStatus
}

/** Velero's `status.hookStatus`; zeros are left out. */
export interface HookStatus {
  hooksAttempted?: number
  hooksFailed?: number
}

/** The usual deadline: the worker's resource timeout (`DRYDOCK_RESOURCE_TIMEOUT`), as for Velero's own waits. */
export function resourceTimeout(settings: Settings): number {
  return settings.resourceTimeoutSeconds
}

/** The settings that are on or off. */
type Switch = { [Key in keyof Settings]: Settings[Key] extends boolean ? Key : never }[keyof Settings]

/**
 * Makes `isWanted` of a task that is off by default: an annotation on the Restore, `"true"` or anything else, decides; where
 * it is absent, a setting of the worker.
 */
export function askedBy(annotation: string, setting: Switch): NonNullable<FinalizeTask['isWanted']> {
  return ({ admission }, settings) => {
    const asked = admission.restore.annotations?.[annotation]
    return asked === undefined ? settings[setting] : asked === 'true'
  }
}
