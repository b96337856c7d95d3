import type { ManagedFieldsEntry, Manifest } from '../../velero/manifest.ts'
import { formatGroupResource } from '../../velero/resource.ts'
import type { ObjectRef } from '../../velero/resource.ts'
import { isWrittenBy } from '../items/field-owners.ts'
import type { Outcome } from '../items/outcome.ts'
import { applyMergePatch } from '../modifiers/merge-patch.ts'
import { isDerived } from '../values/derived-objects.ts'
import { textAt } from '../values/fields.ts'
import { semanticEqual } from '../values/manifest-json.ts'
import { contentsOf } from './change-note.ts'
import type { ChangeNote } from './change-note.ts'
import type { UndoStep } from './undo-step.ts'
import { isPartOfCluster, whoChanged } from './who-changed.ts'
import type { CreatedObject } from './who-changed.ts'

/** What is known of an item when its undo is decided. */
export interface UndoFacts {
  outcome: Outcome
  /** How to take a change back; absent where the restore has changed nothing that stood there. */
  note: ChangeNote | undefined
  /** The object as it stands; undefined where it does not. */
  live: Manifest | undefined
  created: Omit<CreatedObject, 'version'>
  /** Data were written into the volume of this claim, which stood there before. */
  isInPlace: boolean
  /** The restore has deleted what stood in its place. */
  isRecreated: boolean
  /** What an earlier look has decided and may have done. */
  earlier: UndoStep | undefined
}

/** The object that a restore has created or changed for an item; undefined where it has written nothing. */
export function writtenObject({ outcome, note }: Pick<UndoFacts, 'outcome' | 'note'>): UndoStep['object'] | undefined {
  const { action, object, namespaceUid, listed } = outcome
  if (namespaceUid !== undefined && listed !== undefined)
    return { group: '', version: 'v1', resource: 'namespaces', name: listed.name, uid: namespaceUid }
  if (action === 'created' || action === 'updated') return object
  return note?.object
}

/** Decides what to do about the object of an item; undefined where the restore has written nothing. */
export function decideUndo(facts: UndoFacts): UndoStep | undefined {
  const object = writtenObject(facts)
  if (object === undefined) return undefined
  return facts.outcome.action === 'created' ? decideCreated(object, facts) : decideChanged(object, facts)
}

function decideCreated(object: UndoStep['object'], facts: UndoFacts): UndoStep {
  const { outcome, live, earlier, created, isInPlace, isRecreated } = facts
  const step = stepOf(outcome, object)
  const absent = decideAbsent(step, live, earlier)
  if (absent !== undefined || live === undefined) return absent ?? step('gone')
  if (isInPlace) return step('keep', 'its data were written into a volume that was there before, and are not put back')
  if (isRecreated) return step('keep', 'the restore deleted what stood in its place, which cannot be brought back')
  const changed = whoChanged(live, { ...created, version: outcome.version })
  if (changed !== undefined) return step('keep', changed)
  return object.resource === 'persistentvolumes' && object.group === '' ? decideVolume(step, live) : step('delete')
}

/** A volume that has a claim goes with it, by its own reclaim policy: nothing else may take its data away. */
function decideVolume(step: MakeStep, live: Manifest): UndoStep {
  if (textAt(live, 'spec', 'claimRef', 'uid') === '') return step('delete')
  return textAt(live, 'spec', 'persistentVolumeReclaimPolicy') === 'Delete'
    ? step('delete', goesWithClaim)
    : step('keep', 'its reclaim policy keeps its data: delete it by hand')
}

/** Why nothing is sent for a volume that is to be deleted. */
export const goesWithClaim = 'it goes with its claim'

function decideChanged(object: UndoStep['object'], facts: UndoFacts): UndoStep | undefined {
  const { outcome, note, live, earlier, created } = facts
  const step = stepOf(outcome, object)
  if (live?.metadata.uid === object.uid && !isWrittenBy(live, created.manager) && earlier?.do !== 'put-back')
    if (note === undefined || outcome.action !== 'updated') return undefined
  const absent = decideAbsent(step, live, earlier)
  if (absent !== undefined || live === undefined) return absent ?? step('gone')
  if (note === undefined) return step('keep', unknownBefore)
  if (earlier?.do === 'put-back' && isPutBack(live, note)) return step('put-back')
  if (outcome.contents === undefined) return step('keep', unknownBefore)
  if (live.metadata.resourceVersion === outcome.version || contentsOf(live) === outcome.contents)
    return step('put-back')
  // The cluster has put back itself what it makes of its own, such as `kube-root-ca.crt`: nothing is left to undo, or to tell.
  if (isMadeByCluster(object) && isPartOfCluster(laterWriter(live, created.manager) ?? {})) return undefined
  return step('keep', lastWriter(live, created.manager))
}

const unknownBefore = 'the journal does not say for sure what stood there before: another writer came at the same time'

/** Whether nothing is left to put back: an earlier attempt has done it. */
export function isPutBack(live: Manifest, { back }: ChangeNote): boolean {
  return semanticEqual(applyMergePatch(live, back), live)
}

/** What is decided about an object that does not stand there, or is another one; undefined where it stands. */
function decideAbsent(step: MakeStep, live: Manifest | undefined, earlier: UndoStep | undefined): UndoStep | undefined {
  const isDone = earlier?.do === 'delete'
  const { uid } = step('gone').object
  if (live !== undefined && live.metadata.uid !== uid) {
    if (isDone) return step('delete')
    // Controllers make them again, and take them away with what they are made from.
    return isMadeByCluster(step('gone').object) ? step('gone') : step('keep', 'it was deleted and created again since')
  }
  if (live === undefined || live.metadata.deletionTimestamp !== undefined) return step(isDone ? 'delete' : 'gone')
  return undefined
}

function isMadeByCluster({ group, resource, name }: ObjectRef): boolean {
  return isDerived(formatGroupResource(resource, group), name)
}

function lastWriter(live: Manifest, ours: string): string {
  const last = laterWriter(live, ours)
  return last?.manager === undefined ? 'it was changed since' : `${last.manager} has changed it since (${last.time})`
}

/** Who has written it last, where that was after this restore. */
function laterWriter(live: Manifest, ours: string): ManagedFieldsEntry | undefined {
  const [last] = (live.metadata.managedFields ?? [])
    .filter(({ subresource, manager }) => subresource !== 'status' && manager !== ours)
    .toSorted((a, b) => Date.parse(b.time ?? '') - Date.parse(a.time ?? ''))
  const mark = (live.metadata.managedFields ?? []).find(({ manager }) => manager === ours)
  return Date.parse(last?.time ?? '') >= Date.parse(mark?.time ?? '') ? last : undefined
}

type MakeStep = (what: UndoStep['do'], because?: string) => UndoStep

function stepOf({ key }: Outcome, object: ObjectRef & { uid: string }): MakeStep {
  return (what, because) => ({ key, object, do: what, ...(because === undefined ? {} : { because }) })
}
