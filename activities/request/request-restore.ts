import { ApplicationFailure } from '@temporalio/common'
import type { Look, Wait } from '../../contract/look.ts'
import type { RequestedOutcome, RestoreRequest } from '../../contract/restore-request.ts'
import { restoreRefOf } from '../../contract/restore-workflow.ts'
import type { RestoreRef } from '../../contract/restore-workflow.ts'
import { isAlreadyExists } from '../../core/port-errors.ts'
import { isRequestedBy, isRestoreOver, requestedRestore } from '../../core/request/requested-restore.ts'
import { cancelAnnotation } from '../../velero/labels.ts'
import { asRestore } from '../../velero/restore.ts'
import type { Restore } from '../../velero/restore.ts'
import { lookAgain, pauseAfter, runActivity } from '../frame/run-activity.ts'
import { changeRestore, readRestore, restoreFieldManager, unlessGone } from '../frame/restore-resource.ts'
import type { Ports } from '../ports.ts'
import type { Settings } from '../settings.ts'

type RequestPorts = Pick<Ports, 'cluster' | 'presence'>

/** What is asked for, and by whom. */
export interface CreateRequestedInput {
  request: RestoreRequest
  requestId: string
}

/**
 * Creates the Restore that a workflow asks for, or finds the one that an earlier attempt has created. Fails where a Restore has
 * the name that somebody else has made.
 */
export function createRequested({ cluster, presence }: RequestPorts, { veleroNamespace }: Settings) {
  const place = { group: 'velero.io', version: 'v1', resource: 'restores' }
  return ({ request, requestId }: CreateRequestedInput): Promise<RestoreRef> => {
    const wanted = requestedRestore(request, requestId, veleroNamespace)
    const { name } = wanted.metadata
    const refOf = (restore: Restore) => restoreRefOf(restore, { namespace: veleroNamespace, cluster: cluster.id })
    return runActivity(presence, { doing: `creating restore ${name}` }, async () => {
      try {
        const options = { fieldManager: restoreFieldManager }
        return refOf(asRestore(await cluster.create(place, veleroNamespace, wanted, options)))
      } catch (thrown) {
        if (!isAlreadyExists(thrown)) throw thrown
        const found = await cluster.get({ ...place, namespace: veleroNamespace, name })
        if (found === undefined) throw thrown
        const standing = asRestore(found)
        if (isRequestedBy(standing, requestId)) return refOf(standing)
        const message = `A restore "${name}" exists already in namespace ${veleroNamespace}`
        throw ApplicationFailure.create({ type: 'RestoreExists', message, nonRetryable: true })
      }
    })
  }
}

/** Which restore to wait for. */
export interface AwaitRequestedInput {
  ref: RestoreRef
  look?: Look
}

const pauses = { first: 1, last: 20 }

/** Looks whether a requested restore is over, and tells how it ended; the wait has no end of its own, since every restore has one. */
export function awaitRequested({ cluster, presence }: RequestPorts) {
  return ({ ref, look }: AwaitRequestedInput): Promise<RequestedOutcome | Wait> =>
    runActivity(presence, { doing: `waiting for restore ${ref.name}` }, async (attempt) => {
      const { name, uid } = ref
      const restore = await readRestore(cluster, ref)
      if (restore === undefined) return { name, uid, phase: 'Gone', items: 0, warnings: 0, errors: 0 }
      const { status = {} } = restore
      if (!isRestoreOver(restore)) {
        const waitingFor = `restore ${name}, which is ${status.phase || 'New'}`
        return lookAgain(attempt, look, { waitingFor, afterSeconds: pauseAfter(attempt.number, pauses) })
      }
      const reason = status.failureReason ?? status.validationErrors?.join('; ')
      return {
        name,
        uid,
        phase: status.phase || 'New',
        items: status.progress?.itemsRestored ?? 0,
        warnings: status.warnings ?? 0,
        errors: status.errors ?? 0,
        ...(reason === undefined ? {} : { reason }),
      }
    })
}

/** Asks a requested restore to stop, unless it is over or gone. */
export function cancelRequested({ cluster, presence }: RequestPorts) {
  return ({ ref, reason }: { ref: RestoreRef; reason: string }): Promise<void> =>
    runActivity(presence, { doing: `cancelling restore ${ref.name}` }, async () => {
      const change = changeRestore(cluster, ref, (live) =>
        isRestoreOver(live) || live.metadata.annotations?.[cancelAnnotation] !== undefined
          ? undefined
          : { metadata: { annotations: { [cancelAnnotation]: reason } } },
      )
      await unlessGone(change)
    })
}
