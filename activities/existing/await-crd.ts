import { whyNotEstablished } from '../../core/items/why-waiting.ts'
import { error } from '../../core/items/outcome.ts'
import type { Message } from '../../core/items/outcome.ts'
import { refusalOf } from '../../core/port-errors.ts'
import type { Manifest } from '../../velero/manifest.ts'
import { NotYet, objectRef } from '../items/item-tools.ts'
import type { ItemTools, WriteInput } from '../items/item-tools.ts'

/** The pauses between the reads of a CRD in one look: it is usually established within a tenth of a second. */
const crdPausesMs: readonly number[] = [100, 200, 400, 800]

/**
 * Looks whether objects of a CRD can be created: `Established` and `NamesAccepted`. It is waited for at most for the
 * resource timeout. Throws `NotYet` where a later look is to come.
 */
export async function awaitCrd(created: Pick<WriteInput, 'prepared' | 'item'>, tools: ItemTools): Promise<Message[]> {
  const { name } = created.item
  const failed = (why: string): Message[] => [
    error('cluster', `error verifying the CRD ${name} is ready to use: ${why}`),
  ]
  for (let reads = 0; ; reads++) {
    let crd: Manifest | undefined
    try {
      crd = await tools.cluster.get(objectRef(created))
    } catch (thrown) {
      return failed(refusalOf(thrown).message)
    }
    if (crd === undefined) return failed(`customresourcedefinitions.apiextensions.k8s.io "${name}" not found`)
    if (isEstablished(crd)) return []
    tools.attempt.throwIfStopped()
    const pauseMs = crdPausesMs[reads]
    if (pauseMs === undefined) {
      const deadline = (await tools.waitSince(`crd/${name}`)) + tools.resourceTimeoutSeconds * 1000
      if (tools.clock.now().getTime() >= deadline) return failed('context deadline exceeded')
      throw new NotYet(`CRD ${name} to be established: ${whyNotEstablished(crd)}`)
    }
    await tools.clock.sleep(pauseMs, tools.attempt.signal)
  }
}

function isEstablished(crd: Manifest): boolean {
  const conditions =
    (crd['status'] as { conditions?: { type: string; status: string }[] } | undefined)?.conditions ?? []
  const holds = (type: string) => conditions.some((condition) => condition.type === type && condition.status === 'True')
  return holds('Established') && holds('NamesAccepted')
}
