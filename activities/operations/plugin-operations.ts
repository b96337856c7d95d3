import { observeAnswer } from '../../core/operations/look-up-operation.ts'
import type { OperationObservation } from '../../core/operations/look-up-operation.ts'
import { PluginError } from '../../core/port-errors.ts'
import type { RestoreOperation } from '../../velero/item-operation.ts'
import type { Attempt } from '../frame/run-activity.ts'
import type { Session } from '../frame/session.ts'
import { pluginRestore } from './plugin-restore.ts'
import type { Ports } from '../ports.ts'

/** What asking a plugin about its operation needs. */
interface Asking {
  ports: Pick<Ports, 'plugins' | 'log'>
  session: Pick<Session, 'admission'>
  attempt: Pick<Attempt, 'signal'>
}

/** Asks a plugin for the progress of its operation. A plugin that this worker does not have is final, as in Velero. */
export async function observeByPlugin(operation: RestoreOperation, asking: Asking): Promise<OperationObservation> {
  const { restoreItemAction, operationID: operationId } = operation.spec
  const { ports, session, attempt } = asking
  const asked = { operationId, restore: pluginRestore(session.admission) }
  try {
    const progress = await ports.plugins?.progress(restoreItemAction, asked, attempt.signal)
    if (progress === undefined) return { seen: 'unsupported', error: `there is no plugin ${restoreItemAction}` }
    return observeAnswer(progress)
  } catch (thrown) {
    if (!(thrown instanceof PluginError)) throw thrown
    return { seen: thrown.kind === 'unknown' ? 'unsupported' : 'unavailable', error: thrown.message }
  }
}

/** Asks a plugin to cancel its operation. Where that fails the operation counts as cancelled nevertheless, as in Velero. */
export async function cancelByPlugin(operation: RestoreOperation, asking: Asking): Promise<void> {
  const { restoreItemAction, operationID: operationId } = operation.spec
  const { ports, session, attempt } = asking
  try {
    const asked = { operationId, restore: pluginRestore(session.admission) }
    await ports.plugins?.cancel(restoreItemAction, asked, attempt.signal)
  } catch (thrown) {
    if (!(thrown instanceof PluginError)) throw thrown
    ports.log.warn(`operation ${operationId} of plugin ${restoreItemAction} was not cancelled: ${thrown.message}`)
  }
}
