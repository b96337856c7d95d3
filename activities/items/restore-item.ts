import { error, listedName, scopeOf } from '../../core/items/outcome.ts'
import { lacksSomething } from '../../core/items/item-trouble.ts'
import type { TroubleKind } from '../../core/items/item-trouble.ts'
import type { Message, Outcome } from '../../core/items/outcome.ts'
import { parseItem } from '../../core/items/item-manifest.ts'
import { preparationError } from '../../core/items/prepare-item.ts'
import type { BegunOperation } from '../../core/items/prepare-item.ts'
import type { Preparation } from '../../core/items/prepare-item.ts'
import { podHooks } from '../../core/hooks/pod-hooks.ts'
import type { PodHooks } from '../../core/hooks/pod-hooks.ts'
import type { PlannedItem } from '../../core/plan/plan.ts'
import { ownersInBackup } from '../../core/owners/link-owners.ts'
import { podVolumes } from '../../core/volumes/pod-volume-restore.ts'
import type { Manifest } from '../../velero/manifest.ts'
import { formatResourceId } from '../../velero/resource.ts'
import type { GroupResource } from '../../velero/resource.ts'
import type { ItemAction } from '../../velero/results.ts'
import { createCompanions } from './create-companions.ts'
import type { CompanionProblem } from './create-companions.ts'
import { finish, listedAs, protectedError, stepOf } from './item-work.ts'
import type { ItemStep, ItemTrouble, ItemWork } from './item-work.ts'
import type { ItemTools, WriteResult, Written } from './item-tools.ts'
import { prepareAsking, withMessages } from './ask-plugins.ts'
import { readStandingFacts, remarkOn } from './standing-facts.ts'
import { writeItem } from './write-item.ts'
import { makeWay } from '../volumes/make-way.ts'

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
  const { groupResource, item, tools, address, id } = work
  const text = await tools.readItem(groupResource, item)
  const parsed = parseItem(text, address)
  if ('problem' in parsed) return { done: finish(work, { messages: [error(scopeOf(item.target), parsed.problem)] }) }
  const manifest = parsed.manifest
  work.manifests.push(manifest)
  const read = await readStandingFacts(groupResource, { manifest, item }, tools)
  const { rules, made, told = [], inPlace, ...standing } = read
  if (made !== undefined) work.native = made
  const input = { item: manifest, groupResource, targetNamespace: item.target, ...standing }
  const prepared = withMessages(told, await prepareAsking(input, rules, work))
  const listed = listedAs(manifest, item)
  const failed = ({ text, refusedFor: kind }: CompanionProblem): ItemStep => {
    const messages = [error(scopeOf(item.target), preparationError(id, text))]
    const outcome = finish(work, { action: 'failed', listed, messages })
    return kind === undefined ? { done: outcome } : { trouble: { kind, outcome } }
  }
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
      const begun = operationsOf(prepared, address, item, tools)
      if (problem !== undefined) return failed(problem)
      const { messages, because } = prepared
      return { done: finish(work, { action: 'skipped', listed, messages, because, ...begun }) }
    }
    case 'write': {
      work.manifests.push(prepared.object)
      const problem = (await makeWay(inPlace, tools)) ?? (await createCompanions(prepared.companions, item.name, tools))
      if (problem !== undefined) return failed(problem)
      const begun = operationsOf(prepared, address, item, tools)
      const written = await writeItem({ prepared, item, groupResource }, tools)
      if (written.do === 'done' && written.action === 'created' && written.live !== undefined)
        // The resource list shows the name that was created: an action may have renamed the object.
        work.created = {
          listed: { ...listed, name: listedName(item.target, written.live.metadata.name) },
          ...objectOf(written.live, prepared, item),
          ...laterOf(prepared, manifest, tools),
        }
      const volumes = await volumesOfPod(written, groupResource, item, tools)
      const because = await remarkOn(written, { prepared, item, groupResource }, tools)
      const remark = because === undefined ? {} : { because }
      return conclude(written, prepared, { work, listed, begun: { ...begun, ...volumes, ...remark } })
    }
  }
}

/** The outcome of a write. Of a created object it tells what is known since its create. */
function conclude(
  written: Written,
  prepared: Extract<Preparation, { do: 'write' }>,
  known: {
    work: ItemWork
    listed: { kind: string; name: string }
    begun: Pick<Outcome, 'operation' | 'pluginOperations' | 'podVolumes' | 'because'>
  },
): ItemStep {
  const { work, begun } = known
  const { item, groupResource, tools } = work
  const outcome = (
    action: ItemAction | undefined,
    messages: readonly Message[],
    { live, contents }: Pick<WriteResult, 'live' | 'contents'>,
  ): Outcome =>
    finish(work, {
      ...(action === undefined ? {} : { action }),
      listed: known.listed,
      messages: [...prepared.messages, ...messages],
      ...(action === 'created' ? work.created : objectOf(live, prepared, item)),
      ...(contents === undefined ? {} : { contents }),
      ...begun,
    })
  if (written.do === 'done') {
    const messages = [...prepared.messages, ...written.messages]
    const done = outcome(written.action ?? (messages.length > 0 ? 'failed' : 'skipped'), written.messages, written)
    if (written.refusedFor !== undefined) return troubleWith(written.refusedFor, done, { written, work })
    return { done, ...hooksOf(written, groupResource, tools) }
  }
  const decided = outcome(written.action, [], { live: written.live })
  const { object } = decided
  const noted =
    written.back !== undefined && object !== undefined
      ? { note: { key: decided.key, object, ...written.back, at: decided.at } }
      : {}
  return {
    intent: {
      outcome: decided,
      ...noted,
      apply: async () => {
        try {
          const applied = await written.apply()
          const done = outcome(applied.action, applied.messages, applied)
          return applied.refusedFor === undefined ? { done } : { trouble: { kind: applied.refusedFor, outcome: done } }
        } catch (thrown) {
          return stepOf(thrown, work)
        }
      },
    },
  }
}

/** Trouble that the write itself met; `thrown` tells whether the API server answers others. */
function troubleWith(kind: TroubleKind, outcome: Outcome, { written, work }: Meeting): { trouble: ItemTrouble } {
  const { thrown } = written
  if (thrown === undefined) return { trouble: { kind, outcome } }
  return {
    trouble: {
      kind,
      outcome,
      thrown: protectedError(thrown, work),
      retryAfterSeconds: thrown.retryAfterSeconds,
    },
  }
}

interface Meeting {
  written: Pick<WriteResult, 'thrown'>
  work: ItemWork
}

/** The exec hooks of a pod that this restore created. A pod with an error after its create gets none, as in Velero. */
function hooksOf(
  written: Extract<Written, { do: 'done' }>,
  groupResource: GroupResource,
  tools: ItemTools,
): { hooks?: PodHooks } {
  if (groupResource !== 'pods' || written.action !== 'created' || written.live === undefined) return {}
  if (written.messages.some((message) => message.severity === 'error')) return {}
  const hooks = podHooks(written.live, tools.rules.restore.spec.hooks?.resources ?? [])
  return hooks === undefined ? {} : { hooks }
}

/** What the finalization has to do for a created object. */
function laterOf(
  { atZero }: Extract<Preparation, { do: 'write' }>,
  manifest: Manifest,
  tools: ItemTools,
): Pick<Outcome, 'atZero' | 'owners'> {
  const owners = tools.relinkOwners === true ? ownersInBackup(manifest) : []
  return { ...(atZero === undefined ? {} : { atZero }), ...(owners.length === 0 ? {} : { owners }) }
}

function objectOf(
  live: Manifest | undefined,
  prepared: Extract<Preparation, { do: 'write' }>,
  item: PlannedItem,
): Pick<Outcome, 'object' | 'version'> {
  if (live?.metadata.uid === undefined) return {}
  const { name, uid, resourceVersion: version } = live.metadata
  const namespace = item.target === undefined ? {} : { namespace: item.target }
  return { object: { ...prepared.resource, ...namespace, name, uid }, ...(version === undefined ? {} : { version }) }
}

/**
 * The volumes of a pod that this restore created, for its outcome; where possible, filling them begins at once. A pod
 * needs its volumes to start, so they are filled also where a step after its create failed.
 */
async function volumesOfPod(
  written: Written,
  groupResource: GroupResource,
  item: PlannedItem,
  tools: ItemTools,
): Promise<Pick<Outcome, 'podVolumes'>> {
  if (groupResource !== 'pods' || written.do !== 'done' || written.action !== 'created') return {}
  const { uid = '', name, namespace = '' } = written.live?.metadata ?? { name: '' }
  if (written.live === undefined || uid === '') return {}
  const volumes = podVolumes(written.live, item.namespace ?? '', tools.rules.facts.podVolumeBackups)
  if (volumes.length === 0) return {}
  const address = {
    groupResource,
    ...(item.namespace === undefined ? {} : { namespace: item.namespace }),
    name: item.name,
  }
  await tools.beginPodVolumes({ item: address, pod: { namespace, name, uid }, volumes, at: tools.now() })
  return { podVolumes: volumes }
}

function operationsOf(
  { operation, pluginOperations }: { operation?: BegunOperation; pluginOperations?: readonly BegunOperation[] },
  address: { groupResource: GroupResource; name: string },
  item: PlannedItem,
  tools: ItemTools,
): Pick<Outcome, 'operation' | 'pluginOperations'> {
  const begin = (begun: BegunOperation) => operationOf(begun, address, item, tools)
  return {
    ...(operation === undefined ? {} : { operation: begin(operation) }),
    ...(pluginOperations === undefined ? {} : { pluginOperations: pluginOperations.map(begin) }),
  }
}

function operationOf(
  begun: BegunOperation,
  address: { groupResource: GroupResource; name: string },
  item: PlannedItem,
  tools: ItemTools,
): NonNullable<Outcome['operation']> {
  const [resource = '', ...group] = address.groupResource.split('.')
  return {
    spec: {
      restoreName: tools.rules.restore.name,
      restoreUID: tools.rules.restore.uid,
      restoreItemAction: begun.action,
      resourceIdentifier: {
        Group: group.join('.'),
        Resource: resource,
        Namespace: item.target ?? '',
        Name: address.name,
      },
      operationID: begun.operationId,
    },
    status: { phase: 'New', created: tools.now() },
  }
}
