import type { Manifest, ManagedFieldsEntry } from '../../velero/manifest.ts'
import type { ObjectRef } from '../../velero/resource.ts'
import { isWrittenBy } from '../items/field-owners.ts'
import { resetMetadataAndStatus } from '../items/item-manifest.ts'
import { applyMergePatch, makeMergePatch } from '../modifiers/merge-patch.ts'
import { sha256Hex } from '../values/derived-names.ts'
import { canonicalJson } from '../values/manifest-json.ts'

/** How to change an object back that a restore changes: noted in the journal before the change (rule 5). */
export interface ChangeNote {
  /** The key of the item's outcome. */
  key: string
  object: ObjectRef & { uid: string }
  /** A merge patch (RFC 7386) that takes the change back. What else others write meanwhile stays. */
  back: Record<string, unknown>
  /** Who owned its fields before. */
  owners: readonly ManagedFieldsEntry[]
  /** When it was noted, RFC 3339: of several notes about an object the last one counts. */
  at: string
}

/**
 * How to take a patch of this object back; undefined where the patch changes nothing, and for an object that this restore has
 * patched before, about which there is a note already.
 */
export function takeBack(
  live: Manifest,
  patch: Record<string, unknown>,
  manager: string,
): Pick<ChangeNote, 'back' | 'owners'> | undefined {
  const { managedFields: owners = [], ...metadata } = live.metadata
  if (isWrittenBy(live, manager)) return undefined
  const before = { ...live, metadata }
  const { managedFields: _owners, ...patched } = (patch['metadata'] ?? {}) as Record<string, unknown>
  const after = applyMergePatch(before, { ...patch, metadata: patched }) as Record<string, unknown>
  const back = makeMergePatch(after, before)
  return back === undefined ? undefined : { back, owners }
}

/** Annotations that controllers keep on objects, whoever wrote the rest. */
const keptByControllers =
  /^((deprecated\.)?(deployment|daemonset)|pv|volume|volume\.beta|endpoints|control-plane\.alpha)\.(kubernetes\.io|template\.generation)/

/**
 * A hash of what people write into an object: not the status, nor who owns its fields, nor what controllers note on it. So
 * nobody can read a Secret from it, and equal objects have equal ones.
 */
export function contentsOf(live: Manifest): string {
  const { metadata, ...rest } = resetMetadataAndStatus(live) ?? live
  const { managedFields: _owners, finalizers: _finalizers, annotations = {}, ...kept } = metadata
  const own = Object.entries(annotations).filter(([name]) => !keptByControllers.test(name))
  return sha256Hex(canonicalJson({ ...rest, metadata: { ...kept, annotations: Object.fromEntries(own) } }))
}
