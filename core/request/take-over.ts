import { restartFailureReason } from '../../velero/defaults.ts'
import { adoptAnnotation, claimedAnnotation } from '../../velero/labels.ts'
import type { Manifest } from '../../velero/manifest.ts'
import { isNew, isTerminal } from '../../velero/phases.ts'
import type { RestorePhase } from '../../velero/phases.ts'
import type { Restore } from '../../velero/restore.ts'
import { pendingRetry } from './decide-retry.ts'
import { isSweptByVelero } from '../results/restore-status.ts'

/** What to do with a Restore that a workflow finds (rule 1). */
export type TakeOver =
  /** It is new: validate and claim it. */
  | { do: 'admit' }
  /** Drydock has claimed it: continue from the journal. */
  | { do: 'resume' }
  /** Velero has restored the items: take it over from its result files. */
  | { do: 'inherit' }
  /** Velero was interrupted while it restored items: fail it in Velero's words. */
  | { do: 'fail'; reason: string }
  /** It is in a terminal phase, and a retry is asked for. */
  | { do: 'retry' }
  /** It is in a terminal phase. */
  | { do: 'over'; phase: RestorePhase }
  /** Velero works on it, or it is being deleted. The reason is reported in an Event. */
  | { do: 'leave'; because: string }

/**
 * Decides what to do with a Restore. `resume` for a claimed terminal one applies only if a starting Velero server
 * marked it as Failed (see `isSweptByVelero`).
 *
 * | phase            | claimed | Velero's restore controllers | decision |
 * | terminal         | any     | any | over, retry or resume |
 * | new              | any     | off | admit |
 * | new              | no      | on  | leave |
 * | any further on   | yes     | any | resume |
 * | InProgress       | no      | off | fail in Velero's words; admit with the annotation `drydock.io/adopt` |
 * | WaitingFor…, Finalizing… | no | off | inherit |
 * | any of these     | no      | on  | leave |
 */
export function decideTakeOver(restore: Restore, veleroControllers: 'on' | 'off'): TakeOver {
  const phase = restore.status?.phase ?? ''
  const annotations = restore.metadata.annotations ?? {}
  const claimed = annotations[claimedAnnotation] !== undefined
  if (claimed && isSweptByVelero(restore.status ?? {})) return { do: 'resume' }
  if (isTerminal(phase) && pendingRetry(restore) !== undefined) return { do: 'retry' }
  if (isTerminal(phase)) return { do: 'over', phase: phase as RestorePhase }
  if (restore.metadata.deletionTimestamp !== undefined && !claimed)
    return { do: 'leave', because: 'it is being deleted' }
  if (claimed) return isNew(phase) ? { do: 'admit' } : { do: 'resume' }
  if (veleroControllers === 'on') {
    return {
      do: 'leave',
      because:
        "Velero's own restore controllers are on: start the Velero server with --disable-controllers=restore,restore-operations,restore-finalizer",
    }
  }
  if (isNew(phase)) return { do: 'admit' }
  if (phase !== 'InProgress') return { do: 'inherit' }
  return annotations[adoptAnnotation] === 'true' ? { do: 'admit' } : { do: 'fail', reason: restartFailureReason }
}

/** The controllers of the Velero server that Drydock replaces. */
const replaced = ['restore', 'restore-operations', 'restore-finalizer'] as const

/**
 * Whether Velero's own restore controllers run. They are off if Deployment `velero` does not exist, has no ready
 * replica, or disables all three of them.
 */
export function veleroControllersOf(deployment: Manifest | undefined): 'on' | 'off' {
  if (deployment === undefined) return 'off'
  const ready = (deployment['status'] as { readyReplicas?: number } | undefined)?.readyReplicas ?? 0
  if (ready === 0) return 'off'
  const disabled = new Set(argumentsOf(deployment).flatMap(disabledBy))
  return replaced.every((controller) => disabled.has(controller)) ? 'off' : 'on'
}

function argumentsOf(deployment: Manifest): string[] {
  const spec = deployment['spec'] as
    { template?: { spec?: { containers?: { command?: string[]; args?: string[] }[] } } } | undefined
  const words = (spec?.template?.spec?.containers ?? []).flatMap((container) => [
    ...(container.command ?? []),
    ...(container.args ?? []),
  ])
  return words.map((word, index) => (word === '--disable-controllers' ? `${word}=${words[index + 1] ?? ''}` : word))
}

function disabledBy(word: string): string[] {
  const list = /^--disable-controllers=(.*)$/.exec(word)?.[1]
  return list === undefined ? [] : list.split(',').map((controller) => controller.trim())
}
