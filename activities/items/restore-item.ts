import { parseItem } from '../../core/items/item-manifest.ts'
import { lacksSomething } from '../../core/items/item-trouble.ts'
import { error, listedName, scopeOf } from '../../core/items/outcome.ts'
import type { Outcome } from '../../core/items/outcome.ts'
import { preparationError, prepareItem } from '../../core/items/prepare-item.ts'
import type { Preparation } from '../../core/items/prepare-item.ts'
import { plannedKey } from '../../core/plan/plan.ts'
import type { PlannedItem } from '../../core/plan/plan.ts'
import { podVolumes } from '../../core/volumes/pod-volume-restore.ts'
import type { Manifest } from '../../velero/manifest.ts'
import { formatResourceId } from '../../velero/resource.ts'
import type { GroupResource } from '../../velero/resource.ts'
import { makeWay } from '../volumes/make-way.ts'
import { createCompanions } from './create-companions.ts'
import type { CompanionProblem } from './create-companions.ts'
import type { ItemTools, Written } from './item-tools.ts'
import { conclude, finish, laterOf, listedAs, objectOf, operationsOf, stepOf } from './item-work.ts'
import type { ItemStep, ItemWork } from './item-work.ts'
import { prepareAsking, remarkOn } from './prepare-asking.ts'
import type { Prepared } from './prepare-asking.ts'
import { stepIfRefused } from './target-namespaces.ts'
import type { IntoNamespaces } from './target-namespaces.ts'
import { writeItem } from './write-item.ts'

/** Restores an item, if its namespace is there and no other item is restored at its place. */
export async function restoreInto(item: PlannedItem, run: IntoNamespaces, tools: ItemTools): Promise<ItemStep> {
  const { target, twinOf } = item
  const wasRefused = target !== undefined && run.input.refused?.includes(target) === true
  const step = wasRefused ? await stepIfRefused({ ...item, target }, run, tools) : undefined
  if (step !== undefined) return step
  if (twinOf === undefined) return restoreItem(run.groupResource, item, tools)
  const because = `${twinOf}/${item.name} is restored at its place in namespace ${target}`
  return { done: { key: plannedKey(run.groupResource, item), messages: [], because, at: tools.now() } }
}

/**
 * Brings one item of the plan into the cluster: read, prepare, write. Whatever goes wrong with it is an outcome, or
 * trouble that may pass, which is for the caller to try again. Thrown is only what concerns the whole chunk: no Lease,
 * no bucket, a cancel. Safe to run again at any point: what this restore made is recognised.
 */
export async function restoreItem(
  groupResource: GroupResource,
  item: PlannedItem,
  tools: ItemTools,
): Promise<ItemStep> {
  const work: ItemWork = {
    groupResource,
    item,
    tools,
    address: {
      groupResource,
      ...(item.namespace === undefined ? {} : { namespace: item.namespace }),
      name: item.name,
    },
    id: formatResourceId(groupResource, item.target, item.name),
    manifests: [],
  }
  try {
    return await readAndWrite(work)
  } catch (thrown) {
    return stepOf(thrown, work)
  }
}

async function readAndWrite(work: ItemWork): Promise<ItemStep> {
  const { groupResource, item, tools, address } = work
  const text = await tools.readItem(groupResource, item)
  const parsed = parseItem(text, address)
  if ('problem' in parsed) return { done: finish(work, { messages: [error(scopeOf(item.target), parsed.problem)] }) }
  const { manifest } = parsed
  work.manifests.push(manifest)
  const known: Awaited<ReturnType<typeof prepareAsking>> =
    prepareAtOnce(manifest, work) ?? (await prepareAsking(manifest, work))
  const { prepared, inPlace } = known
  const listed = listedAs(manifest, item)
  switch (prepared.do) {
    case 'omit':
      return { done: finish(work, { because: prepared.because }) }
    case 'fail': {
      const { recorded, messages } = prepared
      const outcome = finish(work, recorded ? { action: 'failed', listed, messages } : { messages })
      return lacksSomething(messages) ? { trouble: { kind: 'missing', outcome } } : { done: outcome }
    }
    case 'skip': {
      const problem = await createCompanions(prepared.companions, item.name, tools)
      if (problem !== undefined) return failedFor(problem, work, listed)
      const { messages, because } = prepared
      return { done: finish(work, { action: 'skipped', listed, messages, because, ...operationsOf(prepared, work) }) }
    }
    case 'write': {
      work.manifests.push(prepared.object)
      const isAlone = inPlace === undefined && prepared.companions.length === 0
      const problem = isAlone
        ? undefined
        : ((await makeWay(inPlace, tools)) ?? (await createCompanions(prepared.companions, item.name, tools)))
      if (problem !== undefined) return failedFor(problem, work, listed)
      return writePrepared(prepared, { work, manifest, listed })
    }
  }
}

/** The preparation of an item about which the plan knows enough: no volume, no claim, and nothing to ask a plugin. */
function prepareAtOnce(
  manifest: Manifest,
  { groupResource, item, tools }: ItemWork,
): { prepared: Prepared } | undefined {
  if (groupResource === 'persistentvolumes' || groupResource === 'persistentvolumeclaims') return undefined
  const prepared = prepareItem({ item: manifest, groupResource, targetNamespace: item.target }, tools.rules)
  return prepared.do === 'ask' || prepared.do === 'fail' ? undefined : { prepared }
}

/** The step of an item that fails because of what it needs beside it. */
function failedFor({ text, refusedFor: kind }: CompanionProblem, work: ItemWork, listed: Outcome['listed']): ItemStep {
  const { id, item } = work
  const messages = [error(scopeOf(item.target), preparationError(id, text))]
  const outcome = finish(work, { action: 'failed', ...(listed && { listed }), messages })
  return kind === undefined ? { done: outcome } : { trouble: { kind, outcome } }
}

/** Writes a prepared item, and tells what came of it. */
async function writePrepared(
  prepared: Extract<Preparation, { do: 'write' }>,
  { work, manifest, listed }: { work: ItemWork; manifest: Manifest; listed: { kind: string; name: string } },
): Promise<ItemStep> {
  const { groupResource, item, tools } = work
  const begun = operationsOf(prepared, work)
  const input = { prepared, item, groupResource }
  const written = await writeItem(input, tools)
  if (written.do === 'done' && written.action === 'created' && written.live !== undefined)
    // The resource list shows the name that was created: an action may have renamed the object.
    work.created = {
      listed: { ...listed, name: listedName(item.target, written.live.metadata.name) },
      ...objectOf(written.live, prepared, item),
      ...laterOf(prepared, manifest, tools),
    }
  const volumes = groupResource === 'pods' ? await volumesOfPod(written, work) : {}
  const isPlain = written.action === 'created' && groupResource !== 'persistentvolumeclaims'
  const because = isPlain ? prepared.remark : await remarkOn(written, input, tools)
  const remark = because === undefined ? {} : { because }
  return conclude(written, prepared, { work, listed, begun: { ...begun, ...volumes, ...remark } })
}

/**
 * The volumes of a pod that this restore created, for its outcome; where possible, filling them begins at once. A pod
 * needs its volumes to start, so they are filled also where a step after its create failed.
 */
async function volumesOfPod(
  written: Written,
  { address, item, tools }: ItemWork,
): Promise<Pick<Outcome, 'podVolumes'>> {
  if (written.do !== 'done' || written.action !== 'created') return {}
  const { uid = '', name, namespace = '' } = written.live?.metadata ?? { name: '' }
  if (written.live === undefined || uid === '') return {}
  const volumes = podVolumes(written.live, item.namespace ?? '', tools.rules.facts.podVolumeBackups)
  if (volumes.length === 0) return {}
  await tools.beginPodVolumes({ item: address, pod: { namespace, name, uid }, volumes, at: tools.now() })
  return { podVolumes: volumes }
}
