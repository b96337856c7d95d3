import { withoutLateNote } from '../../core/results/restore-status.ts'
import { asFailure } from '../frame/failures.ts'
import type { Ports } from '../ports.ts'
import { changeRestore } from '../frame/restore-resource.ts'
import { countField } from './restore-status.ts'

/** Which results were stored after the phase. */
export interface TellLateResultsInput {
  ref: { namespace: string; name: string; uid: string }
  warnings: number
  errors: number
}

/**
 * Sets the counts of a failed restore to what its result files hold, now that they are stored, and takes the note from
 * its reason that they are not. The phase stays.
 */
export function tellLateResults({ cluster }: Pick<Ports, 'cluster'>) {
  return async ({ ref, warnings, errors }: TellLateResultsInput): Promise<void> => {
    try {
      await changeRestore(cluster, ref, ({ status = {} }) => {
        const { phase, failureReason = '' } = status
        if (phase !== 'Failed') return undefined
        const reason = withoutLateNote(failureReason)
        const told = {
          ...(reason === failureReason ? {} : { failureReason: reason }),
          ...countField('warnings', warnings, status.warnings),
          ...countField('errors', errors, status.errors),
        }
        return Object.keys(told).length === 0 ? undefined : { status: told }
      })
    } catch (thrown) {
      throw asFailure(thrown, `telling of the results of restore ${ref.name}`)
    }
  }
}
