import { restartFailureReason } from '../../velero/defaults.ts'
import { adoptAnnotation, claimedAnnotation } from '../../velero/labels.ts'
import type { Manifest } from '../../velero/manifest.ts'
import { isNew, isTerminal } from '../../velero/phases.ts'
import type { RestorePhase } from '../../velero/phases.ts'
import type { Restore } from '../../velero/restore.ts'
import { isSweptByVelero } from '../results/restore-status.ts'

/** Whether we work on a Restore as we find it (rule 1). */
export type TakeOver =
  /** Nobody has begun: validate and claim it. */
  | { do: 'admit' }
  /** It is ours: go on from the journal. */
  | { do: 'resume' }
  /** Velero began it and left it: take it over from the files it wrote. */
  | { do: 'inherit' }
  /** Velero began it and cannot go on: fail it in Velero's words. */
  | { do: 'fail'; reason: string }
  /** It is over. */
  | { do: 'over'; phase: RestorePhase }
  /** It is none of our business; the reason goes into an Event. */
  | { do: 'leave'; because: string }

/**
 * | phase            | claimed | Velero's restore controllers | decision |
 * | terminal         | any     | any | over (Velero's sweep of a claimed one: resume) |
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

/** The controllers of the Velero server that Drydock takes the place of. */
const replaced = ['restore', 'restore-operations', 'restore-finalizer'] as const

/**
 * Whether Velero's own restore controllers run, told from Deployment `velero`: off where it is not there, has no ready
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
