import { looksOurs } from '../../core/items/field-owners.ts'
import { claimRef, keepsStandingVolume, volumeFate } from '../../core/items/volume-fate.ts'
import { lacksSomething } from '../../core/items/item-trouble.ts'
import { prepareItem } from '../../core/items/prepare-item.ts'
import type { ItemInput, ItemRules, Preparation } from '../../core/items/prepare-item.ts'
import { annotationOf, textAt } from '../../core/values/fields.ts'
import type { PlannedItem } from '../../core/plan/plan.ts'
import type { Manifest } from '../../velero/manifest.ts'
import type { GroupResource } from '../../velero/resource.ts'
import { listIfServed } from '../frame/list-if-served.ts'
import type { ItemTools, WriteInput, Written } from './item-tools.ts'

/** What is read of the cluster in the moment in which an item is prepared. */
export interface StandingFacts {
  stands?: boolean
  rules: ItemRules
}

/**
 * Reads what decides about an item and may have changed since the plan was made: whether a claim with data stands there
 * already and is not ours, and what stands where a volume with a native snapshot should go. For all other items nothing
 * is read.
 */
export async function readStandingFacts(
  groupResource: GroupResource,
  { manifest, item }: { manifest: Manifest; item: PlannedItem },
  tools: ItemTools,
): Promise<StandingFacts> {
  const { rules } = tools
  if (groupResource === 'persistentvolumes' && volumeFate(manifest, rules.volumes).do === 'snapshot')
    return { rules, stands: await volumeStands(manifest, tools) }
  if (groupResource !== 'persistentvolumeclaims' || !asksForClaim(manifest, rules)) return { rules }
  const name = manifest.metadata.name
  const live = await tools.cluster.get({ ...core, resource: 'persistentvolumeclaims', ...inside(item.target), name })
  const existingClaims = live === undefined || looksOurs(live, tools.mark) ? [] : [`${item.target ?? ''}/${name}`]
  return { rules: { ...rules, facts: { ...rules.facts, existingClaims } } }
}

const core = { group: '', version: 'v1' }

const inside = (namespace: string | undefined) => (namespace === undefined ? {} : { namespace })

/** The action for claims looks for the claim in the cluster only with CSI, and it matters only for claims with data. */
function asksForClaim(manifest: Manifest, { actions, restore }: ItemRules): boolean {
  if (!actions.some(({ name }) => name === 'velero.io/csi-pvc-restorer')) return false
  if (restore.spec.restorePVs === false) return true
  return ['velero.io/data-upload-name', 'velero.io/volume-snapshot-name'].some(
    (key) => annotationOf(manifest, key) !== undefined,
  )
}

async function volumeStands(manifest: Manifest, { cluster, rules }: ItemTools): Promise<boolean> {
  const volume = await cluster.get({ ...core, resource: 'persistentvolumes', name: manifest.metadata.name })
  const ref = volume === undefined ? undefined : claimRef(volume)
  const { namespace = '', name = '' } = ref ?? {}
  const claim =
    ref === undefined ? undefined : await cluster.get({ ...core, resource: 'persistentvolumeclaims', namespace, name })
  const its = ref === undefined ? undefined : await cluster.get({ ...core, resource: 'namespaces', name: namespace })
  return keepsStandingVolume(manifest, { volume, claim, namespace: its }, rules.restore.spec.namespaceMapping)
}

/**
 * Prepares an item. Where the facts of the plan lack something that it needs, the cluster is asked for it as it is now, as
 * Velero does in this moment.
 */
export async function prepareNow(input: ItemInput, rules: ItemRules, { cluster }: ItemTools): Promise<Preparation> {
  const prepared = prepareItem(input, rules)
  if (prepared.do !== 'fail' || !lacksSomething(prepared.messages)) return prepared
  const found = await listIfServed(cluster, storageClassesAt, { metadataOnly: true })
  const storageClasses = found.map(({ metadata }) => metadata.name)
  return prepareItem(input, { ...rules, facts: { ...rules.facts, storageClasses } })
}

const storageClassesAt = { group: 'storage.k8s.io', version: 'v1', resource: 'storageclasses' }

/**
 * What the log says about a written item where Velero says nothing, and the results stay as they are: labels that got
 * lost, a volume that another claim holds, a change of an object that goes away.
 */
export async function remarkOn(
  written: Written,
  { prepared, item, groupResource }: WriteInput,
  { cluster }: ItemTools,
): Promise<string | undefined> {
  const { live, action } = written
  if (action === 'updated' && live?.metadata.deletionTimestamp !== undefined)
    return 'it is being deleted, and the change with it'
  const volume = textAt(prepared.object, 'spec', 'volumeName')
  if (groupResource !== 'persistentvolumeclaims' || action !== 'created' || volume === '') return prepared.remark
  const standing = await cluster.get({ ...core, resource: 'persistentvolumes', name: volume }).catch(() => undefined)
  const holder = standing === undefined ? undefined : claimRef(standing)
  if (holder === undefined || (holder.namespace === item.target && holder.name === live?.metadata.name))
    return prepared.remark
  return `its volume ${volume} is held by claim ${holder.namespace}/${holder.name}, so it cannot be bound`
}
