import type { AdmittedRef } from '../../contract/restore-workflow.ts'
import { markOf } from '../../core/items/field-owners.ts'
import { parseItemKey } from '../../core/items/outcome.ts'
import { parseItem } from '../../core/items/item-manifest.ts'
import { chunkKey, plannedKey } from '../../core/plan/plan.ts'
import { ArchiveError, StoreError, isOfCopy } from '../../core/port-errors.ts'
import { decideUndo, writtenObject } from '../../core/undo/decide-undo.ts'
import type { UndoFacts } from '../../core/undo/decide-undo.ts'
import type { UndoStep } from '../../core/undo/undo-step.ts'
import type { WrittenItem } from '../../core/undo/written-item.ts'
import { fieldManagerOf } from '../../velero/labels.ts'
import type { ManagedFieldsEntry, Manifest } from '../../velero/manifest.ts'
import { listRecreated } from '../existing/recreate-notes.ts'
import type { Session, WorkerParts } from '../frame/session.ts'
import type { ItemLimits } from '../items/side-by-side.ts'
import { inPlaceFolder } from '../volumes/in-place-notes.ts'
import { journalsOf, readWritten } from './undo-journal.ts'

/** What undoing chunks needs. */
export interface UndoParts extends WorkerParts {
  /** Bound the objects in flight over all restores of this worker. */
  itemLimits: ItemLimits
}

/** Which chunk of which restore. */
export interface UndoChunkInput {
  ref: AdmittedRef
  wave: number
  chunk: number
}

/** What is decided about an item, and the object as it was read for that. */
export interface Decided {
  step: UndoStep | undefined
  live: Manifest | undefined
}

/** Decides about items of one chunk, each from its object as it stands now. */
export interface Decider {
  /** What the restore has written for them. */
  written: readonly WrittenItem[]
  decide(item: WrittenItem, earlier: UndoStep | undefined): Promise<Decided>
}

/** What deciding needs. */
export interface DeciderParts extends Pick<WorkerParts, 'ports' | 'sessions'> {
  session: Session
  input: UndoChunkInput
  signal: AbortSignal
}

/** Makes the decider of a chunk: reads what the restore has written there. */
export async function createDecider(parts: DeciderParts): Promise<Decider> {
  const { session, ports, input } = parts
  const written = await readWritten(session, chunkKey(input.wave, input.chunk))
  const { uid, labels } = markOf(session.admission)
  const inPlace = await claimsInPlace(session, written)
  const isRecreated = await listRecreated(journalsOf(session.store, session.ref))
  return {
    written,
    async decide(item, earlier) {
      const object = writtenObject(item)
      if (object === undefined) return { step: undefined, live: undefined }
      const { uid: _uid, ...ref } = object
      const live = await ports.cluster.get(ref)
      const isNamespace = item.outcome.namespaceUid !== undefined
      const facts: UndoFacts = {
        ...item,
        live,
        earlier,
        isInPlace: inPlace.has(`${object.resource} ${object.namespace ?? ''}/${object.name}`),
        isRecreated: isRecreated(item.outcome.key),
        created: {
          manager: fieldManagerOf(uid),
          labels: isNamespace ? undefined : labels,
          owners: isNamespace ? [] : await ownersOf(item, live, parts),
        },
      }
      return { step: decideUndo(facts), live }
    },
  }
}

/** Claims that have made way for their data: their volumes were there before the restore. */
async function claimsInPlace({ store, ref }: Session, written: readonly WrittenItem[]): Promise<ReadonlySet<string>> {
  const isClaim = ({ outcome }: WrittenItem) => parseItemKey(outcome.key)?.groupResource === 'persistentvolumeclaims'
  if (!written.some(isClaim)) return new Set()
  const lists = await Promise.all(journalsOf(store, ref).map((journal) => journal.list(inPlaceFolder)))
  return new Set(lists.flat().map((shard) => `persistentvolumeclaims ${shard.split('/').slice(1, 3).join('/')}`))
}

/**
 * Who owned the fields of an item in the backup. It is asked for objects alone that were written since: then the archive is opened.
 * Undefined where the backup cannot be read any more.
 */
async function ownersOf(
  { outcome }: WrittenItem,
  live: Manifest | undefined,
  { session, sessions, input, signal }: DeciderParts,
): Promise<readonly ManagedFieldsEntry[] | undefined> {
  if (live === undefined || outcome.action !== 'created' || live.metadata.resourceVersion === outcome.version) return []
  const address = parseItemKey(outcome.key)
  if (address === undefined) return undefined
  try {
    return await sessions.withPlan(session.ref, signal, async ({ plan, readItem }) => {
      const items = plan.waves[input.wave]?.chunks[input.chunk]?.items ?? []
      const planned = items.find((item) => plannedKey(address.groupResource, item) === outcome.key)
      if (planned === undefined) return undefined
      const parsed = parseItem(await readItem(address.groupResource, planned), address)
      return 'problem' in parsed ? undefined : (parsed.manifest.metadata.managedFields ?? [])
    })
  } catch (thrown) {
    if (isBackupGone(thrown)) return undefined
    throw thrown
  }
}

function isBackupGone(thrown: unknown): boolean {
  if (thrown instanceof ArchiveError) return !isOfCopy(thrown)
  return thrown instanceof StoreError && (thrown.kind === 'missing' || thrown.kind === 'changed')
}
