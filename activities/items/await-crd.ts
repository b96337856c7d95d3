import { error } from '../../core/items/outcome.ts'
import type { Message } from '../../core/items/outcome.ts'
import type { Manifest } from '../../velero/manifest.ts'
import { objectRef } from '../frame/object-ref.ts'
import type { ItemTools, WriteInput } from './write-item.ts'

/** The first look comes at once and the next soon: a CRD is usually established within a tenth of a second. */
const pollMs = 100

/** Waits until objects of a CRD can be created: `Established` and `NamesAccepted`, at most for the resource timeout. */
export async function awaitCrd(input: WriteInput, tools: ItemTools): Promise<Message[]> {
  const deadline = Date.now() + tools.resourceTimeoutSeconds * 1000
  for (;;) {
    const crd = await tools.cluster.get(objectRef(input))
    if (crd !== undefined && isEstablished(crd)) return []
    if (Date.now() > deadline) {
      return [error('cluster', `error verifying the CRD ${input.item.name} is ready to use: context deadline exceeded`)]
    }
    tools.throwIfStopped()
    await tools.sleep(pollMs)
  }
}

function isEstablished(crd: Manifest): boolean {
  const conditions =
    (crd['status'] as { conditions?: { type: string; status: string }[] } | undefined)?.conditions ?? []
  const holds = (type: string) => conditions.some((condition) => condition.type === type && condition.status === 'True')
  return holds('Established') && holds('NamesAccepted')
}
