import type { Manifest } from '../../velero/manifest.ts'
import type { ManagedFieldsMode } from './field-owners.ts'

/** How an object is posted so that its fields end with the owners they had in the backup. */
export interface Posting {
  /** The body of the create. */
  body: Manifest
  fieldManager: string
  /** Whether a second write must set managedFields to the backup's entries. */
  patchOwners: boolean
  /** In mode `owners`: the manager of the backup whose name the create carries. */
  postedAs?: string
}

/**
 * Mode `exact`: create as ourselves, then set the backup's entries. Mode `owners`: where one Update manager owns every
 * field that the create sets, the create carries that manager's name and the other entries, and needs no second write
 * (decision 10). Objects with several owners of other fields than status go by two writes in any mode.
 */
export function planOwners(object: Manifest, mode: ManagedFieldsMode, ours: string): Posting {
  const entries = object.metadata.managedFields ?? []
  const setters = entries.filter((entry) => entry.subresource === undefined || entry.subresource === '')
  const only = setters.length === 1 ? setters[0] : undefined
  const sameVersion = only?.apiVersion === object.apiVersion
  if (
    mode === 'owners' &&
    only?.operation === 'Update' &&
    only.manager !== undefined &&
    only.manager !== '' &&
    sameVersion
  ) {
    const others = entries.filter((entry) => entry !== only)
    const metadata = { ...object.metadata }
    if (others.length > 0) metadata.managedFields = others
    else delete metadata.managedFields
    return { body: { ...object, metadata }, fieldManager: only.manager, patchOwners: false, postedAs: only.manager }
  }
  const { managedFields: _entries, ...metadata } = object.metadata
  return { body: { ...object, metadata }, fieldManager: ours, patchOwners: true }
}
