import { looksOurs } from '../../core/items/field-owners.ts'
import { claimRef, volumeFate } from '../../core/items/volume-fate.ts'
import { lacksSomething } from '../../core/items/item-trouble.ts'
import { prepareItem } from '../../core/items/prepare-item.ts'
import type { ItemInput, ItemRules, Preparation } from '../../core/items/prepare-item.ts'
import type { Message, NativeVolume } from '../../core/items/outcome.ts'
import { annotationOf, textAt } from '../../core/values/fields.ts'
import type { PlannedItem } from '../../core/plan/plan.ts'
import type { Manifest } from '../../velero/manifest.ts'
import type { GroupResource } from '../../velero/resource.ts'
import { listIfServed } from '../frame/list-if-served.ts'
import { newNameOf, restoreNative } from '../volumes/native-volumes.ts'
import type { ItemTools, WriteInput, Written } from './item-tools.ts'

/** What is found out about an item in the moment in which it is prepared. */
export interface StandingFacts extends Pick<ItemInput, 'native' | 'volumeName'> {
  rules: ItemRules
  /** The volume that was made for a PV. */
  made?: NativeVolume
  /** Messages about that. */
  told?: readonly Message[]
}

/**
 * Reads what decides about an item and may have changed since the plan was made: whether a claim with data stands there
 * already and is not ours, and the name that its PV has got. A PV with a native snapshot gets its volume. For all other items
 * nothing is read.
 */
export async function readStandingFacts(
  groupResource: GroupResource,
  { manifest, item }: { manifest: Manifest; item: PlannedItem },
  tools: ItemTools,
): Promise<StandingFacts> {
  const { rules } = tools
  if (groupResource === 'persistentvolumes' && volumeFate(manifest, rules.volumes).do === 'snapshot') {
    const { messages, ...native } = await restoreNative(manifest, tools)
    return { rules, native, told: messages, ...('made' in native ? { made: native.made } : {}) }
  }
  if (groupResource !== 'persistentvolumeclaims') return { rules }
  const volumeName = await newNameOf(textAt(manifest, 'spec', 'volumeName'), tools)
  const renamed = volumeName === undefined ? {} : { volumeName }
  if (!asksForClaim(manifest, rules)) return { rules, ...renamed }
  const name = manifest.metadata.name
  const live = await tools.cluster.get({ ...core, resource: 'persistentvolumeclaims', ...inside(item.target), name })
  const existingClaims = live === undefined || looksOurs(live, tools.mark) ? [] : [`${item.target ?? ''}/${name}`]
  return { ...renamed, rules: { ...rules, facts: { ...rules.facts, existingClaims } } }
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
