import type { ActionFacts, VolumeInPlace } from '../../core/actions/action.ts'
import { isInPlace } from '../../core/actions/data-mover.ts'
import { judgeClaim } from '../../core/volumes/in-place.ts'
import type { ClaimInPlace } from '../../core/volumes/in-place.ts'
import { looksOurs } from '../../core/items/field-owners.ts'
import { claimRef, volumeFate } from '../../core/items/volume-fate.ts'
import { lacksSomething } from '../../core/items/item-trouble.ts'
import { prepareItem } from '../../core/items/prepare-item.ts'
import type { ItemInput, ItemRules, Preparation } from '../../core/items/prepare-item.ts'
import { error, itemKey, scopeOf, warning } from '../../core/items/outcome.ts'
import type { Message, NativeVolume } from '../../core/items/outcome.ts'
import { annotationOf, textAt } from '../../core/values/fields.ts'
import type { PlannedItem } from '../../core/plan/plan.ts'
import type { Manifest } from '../../velero/manifest.ts'
import { itemPath } from '../../velero/resource.ts'
import type { GroupResource, ItemAddress } from '../../velero/resource.ts'
import { listIfServed } from '../frame/served-kinds.ts'
import { newNameOf, restoreNative } from '../volumes/native-volumes.ts'
import { NotYet } from './item-tools.ts'
import type { ItemTools, PluginTools, WriteInput, Written } from './item-tools.ts'
import { mustIncludeAll } from '../../core/actions/run-plugins.ts'
import type { PluginReply } from '../../core/actions/run-plugins.ts'
import type { PluginAnswer } from '../../core/actions/plugin-action.ts'
import { PluginError } from '../../core/port-errors.ts'
import { sha256Hex } from '../../core/values/derived-names.ts'
import type { ItemWork } from './item-work.ts'

/** A preparation that no plugin has to be asked for any more. */
export type Prepared = Exclude<Preparation, { do: 'ask' }>

/**
 * Prepares an item for which the plan does not know enough: the cluster is asked for what has changed since, and plugins for
 * their answers. Throws `NotYet` where additional items are not ready.
 */
export async function prepareAsking(
  manifest: Manifest,
  work: ItemWork,
): Promise<{ prepared: Prepared; inPlace?: ClaimInPlace | undefined }> {
  const { groupResource, item, tools } = work
  const {
    rules,
    made,
    told = [],
    inPlace,
    ...standing
  } = await readStandingFacts(groupResource, { manifest, item }, tools)
  if (made !== undefined) work.native = made
  const input = { item: manifest, groupResource, targetNamespace: item.target, ...standing }
  return { prepared: withMessages(told, await askPlugins(input, rules, work)), inPlace }
}

/** What is found out about an item in the moment in which it is prepared. */
interface StandingFacts extends Pick<ItemInput, 'native' | 'volumeName'> {
  rules: ItemRules
  /** The volume that was made for a PV. */
  made?: NativeVolume
  /** Messages about that. */
  told?: readonly Message[]
  /** The claim makes way, or has done so in an earlier attempt: its data is written into its volume. */
  inPlace?: ClaimInPlace
}

/**
 * Reads what decides about an item and may have changed since the plan was made: whether a claim with data stands there
 * already and is not ours, and the name that its PV has got. A PV with a native snapshot gets its volume. For all other items
 * nothing is read.
 */
async function readStandingFacts(
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
  const standing = live === undefined || looksOurs(live, tools.mark) ? undefined : live
  const existingClaims = standing === undefined ? [] : [`${item.target ?? ''}/${name}`]
  const facts = { ...rules.facts, existingClaims }
  if (!isFilledInPlace(manifest, rules)) return { ...renamed, rules: { ...rules, facts } }
  const { note, inPlace } = await lookInPlace({ manifest, item, standing }, tools)
  return {
    ...renamed,
    rules: { ...rules, facts: { ...facts, ...(inPlace === undefined ? {} : { inPlace }) } },
    ...(note === undefined ? {} : { inPlace: note }),
  }
}

/** Whether the data of a claim goes into its volume, where it stands. */
function isFilledInPlace(manifest: Manifest, { restore, facts }: ItemRules): boolean {
  if (restore.api !== 'next' || !isInPlace(restore.spec) || restore.spec.restorePVs === false) return false
  return (
    facts.backup.spec.snapshotMoveData === true && annotationOf(manifest, 'velero.io/data-upload-name') !== undefined
  )
}

/**
 * Looks at a claim whose data goes into its volume. One that is away, or that this restore has made anew, goes by what was
 * noted of it; without a note it is filled as any other.
 */
async function lookInPlace(
  { manifest, item, standing }: { manifest: Manifest; item: PlannedItem; standing: Manifest | undefined },
  { cluster, inPlace: notes, now }: ItemTools,
): Promise<{ note?: ClaimInPlace; inPlace?: ActionFacts['inPlace'] }> {
  const noted = await notes.about(item.target ?? '', manifest.metadata.name)
  const known = standing === undefined ? noted[0] : noted.find(({ claimUid }) => claimUid === standing.metadata.uid)
  const goesOn = standing === undefined || standing.metadata.deletionTimestamp !== undefined
  if (known !== undefined && goesOn) return { note: known, inPlace: volumeOf(known) }
  if (standing === undefined) return {}
  const volumeName = textAt(standing, 'spec', 'volumeName')
  const volume =
    volumeName === '' ? undefined : await cluster.get({ ...core, resource: 'persistentvolumes', name: volumeName })
  const pods = await listIfServed(cluster, { ...core, resource: 'pods' }, inside(item.target))
  const isSameNamespace = item.target === manifest.metadata.namespace
  const originalVolume = isSameNamespace ? textAt(manifest, 'spec', 'volumeName') : ''
  const judged = judgeClaim({ live: standing, volume, pods, originalVolume, at: now() })
  if ('problem' in judged) return { inPlace: judged }
  // A volume that still has the policy of an earlier run gets back what it had before that.
  const before = noted.find((one) => one.volume.uid === judged.note.volume.uid)
  const note = known ?? (before === undefined ? judged.note : { ...judged.note, volume: before.volume })
  return { note, inPlace: volumeOf(note, textAt(volume, 'spec', 'capacity', 'storage')) }
}

function volumeOf({ volume, selectedNode }: ClaimInPlace, capacity = ''): VolumeInPlace {
  return { volume: volume.name, capacity, ...(selectedNode === undefined ? {} : { selectedNode }) }
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
async function prepareNow(input: ItemInput, rules: ItemRules, { cluster }: ItemTools): Promise<Preparation> {
  const prepared = prepareItem(input, rules)
  if (prepared.do !== 'fail' || !lacksSomething(prepared.messages)) return prepared
  const found = await listIfServed(cluster, storageClassesAt, { metadataOnly: true })
  const storageClasses = found.map(({ metadata }) => metadata.name)
  return prepareItem(input, { ...rules, facts: { ...rules.facts, storageClasses } })
}

const storageClassesAt = { group: 'storage.k8s.io', version: 'v1', resource: 'storageclasses' }

/**
 * Prepares an item, and asks plugins where the core wants their answers. What an answer asks for besides (additional items, a
 * wait for them) is done before the next plugin is asked, as in Velero; messages about it are the item's.
 */
async function askPlugins(input: ItemInput, rules: ItemRules, work: ItemWork): Promise<Prepared> {
  const { tools } = work
  const replies = new Map<string, PluginReply>()
  const told: Message[] = []
  for (;;) {
    const prepared = await prepareNow({ ...input, replies }, rules, tools)
    if (prepared.do !== 'ask') return withMessages(told, prepared)
    if (tools.plugins === undefined) throw new Error('a plugin is to be asked where there is none')
    const asking: Asking = { ...prepared, input, work, plugins: tools.plugins }
    const reply = await ask(asking)
    if (!('failed' in reply) && !reply.skip) told.push(...(await bringOrSettle(reply, asking)))
    replies.set(prepared.action, reply)
  }
}

/** A preparation with messages from before it. */
function withMessages(told: readonly Message[], prepared: Prepared): Prepared {
  return prepared.do === 'omit' ? prepared : { ...prepared, messages: [...told, ...prepared.messages] }
}

/** A question to a plugin about an item. */
interface Asking {
  action: string
  item: Manifest
  input: ItemInput
  work: ItemWork
  plugins: PluginTools
}

/**
 * Asks a plugin. An answer on which something depends outside of this attempt, an operation or a wait, is settled in the journal:
 * a later attempt takes it, and does not ask again. Other answers change the item only, and asking again does no harm.
 */
async function ask(asking: Asking): Promise<PluginReply> {
  const { action, item, input, work, plugins } = asking
  const key = keyOf(asking)
  const settled = await plugins.settled(key)
  if (settled !== undefined) return settled
  const { attempt } = work.tools
  try {
    const question = { item, itemFromBackup: input.item, restore: plugins.restore }
    const answer = await plugins.host.execute(action, question, attempt.signal)
    return answer.operationId === '' && !answer.waits ? answer : await plugins.settle(key, answer)
  } catch (thrown) {
    if (!(thrown instanceof PluginError)) throw thrown
    return { failed: thrown.message }
  }
}

const keyOf = ({ work, action }: Asking) => sha256Hex(JSON.stringify([itemKey(work.address), action])).slice(0, 40)

/** Where its items have to wait, the answer is settled: the plugin is not asked again at each look. */
async function bringOrSettle(answer: PluginAnswer, asking: Asking): Promise<Message[]> {
  try {
    return await bringAdditional(answer, asking)
  } catch (thrown) {
    if (thrown instanceof NotYet) await asking.plugins.settle(keyOf(asking), answer)
    throw thrown
  }
}

/** Restores the items that an answer asks for, and waits until they are ready. Trouble with that does not keep the item. */
async function bringAdditional(answer: PluginAnswer, asking: Asking): Promise<Message[]> {
  const { work, plugins } = asking
  const messages: Message[] = []
  const standing: ItemAddress[] = []
  const chain = [...plugins.chain, itemKey(work.address)]
  const tools = { ...work.tools, plugins: { ...plugins, chain } }
  for (const wanted of answer.additionalItems) {
    const brought = await plugins.bring(wanted, mustIncludeAll(answer), tools)
    if (brought === 'missing') {
      const text = `stat ${itemPath(wanted.groupResource, wanted)}: no such file or directory`
      messages.push(warning(scopeOf(wanted.namespace), text))
    } else if (brought === 'stands') standing.push(wanted)
  }
  const problem = answer.waits ? await whyNotReady(standing, answer, asking) : undefined
  return problem === undefined ? messages : [...messages, error(scopeOf(work.item.target), problem)]
}

/** The pauses between the questions of one look. */
const pausesMs: readonly number[] = [200, 400, 800]

async function whyNotReady(
  items: readonly ItemAddress[],
  { readySeconds }: PluginAnswer,
  asking: Asking,
): Promise<string | undefined> {
  const { action, work, plugins } = asking
  const { tools } = work
  const seconds = readySeconds > 0 ? readySeconds : tools.resourceTimeoutSeconds
  for (let asked = 0; ; asked++) {
    try {
      const question = { items, restore: plugins.restore }
      if (await plugins.host.areItemsReady(action, question, tools.attempt.signal)) return undefined
    } catch (thrown) {
      if (!(thrown instanceof PluginError)) throw thrown
      return `error verifying additional items are ready to use: ${thrown.message}`
    }
    const pauseMs = pausesMs[asked]
    if (pauseMs === undefined) {
      const deadline = (await tools.waitSince(`additional/${keyOf(asking)}`)) + seconds * 1000
      if (tools.clock.now().getTime() >= deadline) return `additional items for ${work.id} are not ready to use`
      throw new NotYet(`the additional items of ${work.id} to be ready, as plugin ${action} says`)
    }
    await tools.clock.sleep(pauseMs, tools.attempt.signal)
  }
}

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
