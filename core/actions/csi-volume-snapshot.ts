import type { Manifest } from '../../velero/manifest.ts'
import { cloneManifest } from '../items/clone-manifest.ts'
import { ActionError } from './action.ts'
import type { ItemAction } from './action.ts'
import { fieldsAt, valueAt } from '../values/fields.ts'
import type { Fields } from '../values/fields.ts'
import { snapshotName } from './snapshot-name.ts'
import { stubGroupContent } from './stub-group-content.ts'

/**
 * A snapshot is restored as bound to existing content: the claim it was taken of plays no part any more. The content comes
 * first, whatever the filters say, or the snapshot would wait for it for ever.
 */
export const csiVolumeSnapshot: ItemAction = {
  name: 'velero.io/csi-volumesnapshot-restorer',
  appliesTo: ['volumesnapshots.snapshot.storage.k8s.io'],
  feature: 'EnableCSI',
  execute({ item, itemFromBackup, restore, facts }) {
    if (restore.spec.restorePVs === false) return { item, skip: true }
    const name = itemFromBackup.metadata.name
    if (boundContent(itemFromBackup) === undefined) throw new ActionError(`VS ${name} doesn't have bound VSC`)
    const stub = stubGroupContent(itemFromBackup, restore, facts)
    return { item: boundTo(item, snapshotName(restore.uid, name)), companions: stub === undefined ? [] : [stub] }
  },
  additionalItems({ itemFromBackup, restore }) {
    const name = boundContent(itemFromBackup)
    if (restore.spec.restorePVs === false || name === undefined) return { items: [] }
    return { items: [{ groupResource: 'volumesnapshotcontents.snapshot.storage.k8s.io', name }], mustInclude: true }
  },
}

/** Snapshot and content share the name. Without a class the snapshot depends on nothing that the new cluster may lack. */
function boundTo(item: Manifest, name: string): Manifest {
  const restored = cloneManifest(item)
  const spec: Fields = { ...fieldsAt(restored, 'spec') }
  const source: Fields = { ...fieldsAt(spec, 'source'), volumeSnapshotContentName: name }
  delete source['persistentVolumeClaimName']
  delete spec['volumeSnapshotClassName']
  spec['source'] = source
  const annotations = { ...restored.metadata.annotations, 'velero.io/csi-vsc-deletion-policy': 'Retain' }
  return { ...restored, metadata: { ...restored.metadata, name, annotations }, spec }
}

function boundContent(snapshot: Manifest): string | undefined {
  const name = valueAt(snapshot, 'status', 'boundVolumeSnapshotContentName')
  return typeof name === 'string' ? name : undefined
}
