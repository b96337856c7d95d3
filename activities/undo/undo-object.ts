import { sameEntries } from '../../core/items/field-owners.ts'
import { isSecret } from '../../core/items/outcome.ts'
import { ApiError, isConflict, refusalOf } from '../../core/port-errors.ts'
import { textAt } from '../../core/values/fields.ts'
import { goesWithClaim, isPutBack } from '../../core/undo/decide-undo.ts'
import type { ChangeNote } from '../../core/undo/change-note.ts'
import type { UndoStep } from '../../core/undo/undo-step.ts'
import type { WrittenItem } from '../../core/undo/written-item.ts'
import { fieldManagerOf } from '../../velero/labels.ts'
import type { Manifest } from '../../velero/manifest.ts'
import { formatGroupResource } from '../../velero/resource.ts'
import type { ObjectRef } from '../../velero/resource.ts'
import type { Cluster, Ports } from '../ports.ts'
import type { Decider } from './decide-item.ts'

/** How often an object is decided again because another writer came in between. */
const conflictsMax = 10

/** What the undo of one object needs. */
export interface UndoTools {
  item: WrittenItem
  decider: Decider
  /** Keeps what holds objects that the restore has not created. */
  look: (step: UndoStep, live: Manifest | undefined) => Promise<UndoStep>
  ports: Pick<Ports, 'cluster'>
  /** The uid of the restore. */
  uid: string
}

/**
 * Does what is planned for one object, if that is still what is to be done: returns the step as it was done. Each write carries the
 * uid and the resourceVersion of the object as it was decided from. Safe to run again.
 */
export async function undoObject(planned: UndoStep, tools: UndoTools): Promise<UndoStep> {
  const { item, decider, look, ports } = tools
  for (let tries = 1; ; tries++) {
    const { step: decided, live } = await decider.decide(item, planned)
    const step = await look(decided ?? planned, live)
    try {
      if (live === undefined || live.metadata.uid !== step.object.uid) return step
      if (step.do === 'delete') return await deleteObject(step, live, ports.cluster)
      if (step.do === 'put-back' && item.note !== undefined) await putBack(live, item.note, tools)
      return step
    } catch (thrown) {
      if (isConflict(thrown) && tries < conflictsMax) continue
      if (isConflict(thrown)) throw thrown
      return { ...step, do: 'keep', because: refusalText(step, refusalOf(thrown)) }
    }
  }
}

/** Of a Secret the server may quote what it holds (rule 14). */
function refusalText({ object }: UndoStep, { message }: ApiError): string {
  const told = isSecret(formatGroupResource(object.resource, object.group)) ? '' : `: ${message.slice(0, 300)}`
  return `the API server refuses it${told}`
}

/** Deletes an object, and in the background what it owns. A volume is left to its claim, and stays where that stays. */
async function deleteObject(step: UndoStep, live: Manifest, cluster: Cluster): Promise<UndoStep> {
  if (live.metadata.deletionTimestamp !== undefined) return step
  if (step.because === goesWithClaim) {
    const claim = await claimOf(live, cluster)
    return claim === undefined ? step : { ...step, do: 'keep', because: `its claim ${claim} stays` }
  }
  const { uid, resourceVersion } = live.metadata
  await cluster.remove(refOf(step.object), { uid, resourceVersion, propagation: 'Background' })
  return step
}

/** The claim of a volume, where it stands and is not on its way out. */
async function claimOf(volume: Manifest, cluster: Cluster): Promise<string | undefined> {
  const at = (field: string) => textAt(volume, 'spec', 'claimRef', field)
  const [namespace, name] = [at('namespace'), at('name')]
  const claim = await cluster.get({ group: '', version: 'v1', resource: 'persistentvolumeclaims', namespace, name })
  if (claim?.metadata.uid !== at('uid') || claim.metadata.deletionTimestamp !== undefined) return undefined
  return `${namespace}/${name}`
}

/** Puts the fields back, then the owners that they had. */
async function putBack(live: Manifest, note: ChangeNote, { ports: { cluster }, uid }: UndoTools): Promise<void> {
  const ref = refOf(note.object)
  const fieldManager = fieldManagerOf(uid)
  const asRead = ({ metadata: { uid: seen, resourceVersion } }: Manifest) => ({ uid: seen, resourceVersion })
  const back = { ...note.back, metadata: { ...(note.back['metadata'] as object | undefined), ...asRead(live) } }
  const now = isPutBack(live, note) ? live : await cluster.patch(ref, back, { fieldManager })
  const entries = now.metadata.managedFields ?? []
  const isStatus = ({ subresource }: { subresource?: string }) => subresource === 'status'
  const owners = [...note.owners.filter((entry) => !isStatus(entry)), ...entries.filter(isStatus)]
  if (sameEntries(entries, owners) || owners.length === 0) return
  await cluster.patch(ref, { metadata: { ...asRead(now), managedFields: owners } }, { fieldManager })
}

function refOf({ uid: _uid, ...ref }: ObjectRef & { uid: string }): ObjectRef {
  return ref
}
