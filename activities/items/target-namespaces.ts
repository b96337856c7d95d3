import { troubleOf } from '../../core/items/item-trouble.ts'
import { ApiError, ArchiveError, isAlreadyExists } from '../../core/port-errors.ts'
import { isOurs } from '../../core/items/field-owners.ts'
import { error } from '../../core/items/outcome.ts'
import { plannedKey } from '../../core/plan/plan.ts'
import type { Outcome } from '../../core/items/outcome.ts'
import { parseJson } from '../../core/values/manifest-json.ts'
import type { PlannedItem } from '../../core/plan/plan.ts'
import { tallyOf } from '../../core/results/tally.ts'
import type { Tally } from '../../core/results/tally.ts'
import { whyNamespaceStays } from '../../core/items/why-waiting.ts'
import { fieldManagerOf } from '../../velero/labels.ts'
import type { Manifest } from '../../velero/manifest.ts'
import type { GroupResource } from '../../velero/resource.ts'
import type { Look, Wait } from '../../contract/look.ts'
import type { AdmittedRef } from '../../contract/restore-workflow.ts'
import { lookAgain, pauseAfter, runActivity, waitSince } from '../frame/run-activity.ts'
import type { Attempt } from '../frame/run-activity.ts'
import type { PlannedSession, WorkerParts } from '../frame/session.ts'
import type { ItemTools } from './item-tools.ts'
import type { ItemStep, NamespaceStep } from './item-work.ts'
import { settleAll, tryItem } from './side-by-side.ts'
import type { SideBySide } from './side-by-side.ts'
import { ensureOrPreview } from '../preview/preview-item.ts'
import { outcomesShard } from '../frame/journal.ts'
import type { Ports } from '../ports.ts'
import { countWithCauses } from '../../core/report/failure-causes.ts'
import type { CountsWithCauses } from '../../core/report/failure-causes.ts'
import { namespaceResource } from '../../velero/resource.ts'

/**
 * Makes sure that a target namespace exists: creates it with the backup's labels, annotations and spec, or finds it. A
 * terminating namespace is reported; the workflow waits for it, once. Velero labels no namespace, so a namespace that an
 * earlier attempt created is recognised by its field manager. A refusal is told as often as selected namespaces are mapped
 * into it, as Velero does. Source: pkg/util/kube/utils.go EnsureNamespaceExistsAndIsReady.
 */
export async function ensureNamespace(item: PlannedItem, tools: ItemTools): Promise<NamespaceStep> {
  const name = item.target ?? item.name
  const key = plannedKey('namespaces', item)
  const ready = (created?: Manifest) => ({
    done: {
      key,
      messages: [],
      at: tools.now(),
      ...(created === undefined
        ? {}
        : { action: 'created' as const, listed: { kind: 'v1/Namespace', name }, ...identityOf(created) }),
    },
  })
  let doing = 'getting'
  try {
    const standing = await tools.cluster.get({ ...namespaceResource, name })
    if (standing !== undefined) return stateOf(standing, tools, ready)
    doing = 'creating'
    const manifest = await namespaceManifest(item, name, tools)
    try {
      const fieldManager = fieldManagerOf(tools.mark.uid)
      return ready(await tools.cluster.create(namespaceResource, undefined, manifest, { fieldManager }))
    } catch (thrown) {
      if (!isAlreadyExists(thrown)) throw thrown
      const met = await tools.cluster.get({ ...namespaceResource, name })
      return met === undefined ? { terminating: name } : stateOf(met, tools, ready)
    }
  } catch (thrown) {
    if (!(thrown instanceof ApiError)) throw thrown
    const kind = troubleOf(thrown)
    if (kind === 'worker') throw thrown
    const text = `error ${doing} namespace ${name}: ${thrown.message}`
    const messages = Array.from({ length: item.sources ?? 1 }, () => error('velero', text))
    const outcome: Outcome = { key, messages, because: text, at: tools.now() }
    if (kind === 'refused') return { done: outcome }
    return { trouble: { kind, outcome, thrown, retryAfterSeconds: thrown.retryAfterSeconds } }
  }
}

/** What an undo of the restore goes by. */
function identityOf({ metadata: { uid, resourceVersion } }: Manifest): Pick<Outcome, 'namespaceUid' | 'version'> {
  return {
    ...(uid === undefined ? {} : { namespaceUid: uid }),
    ...(resourceVersion === undefined ? {} : { version: resourceVersion }),
  }
}

/** The targets among the items of the wave of namespaces that could neither be created nor found. */
export function refusedTargets(items: readonly PlannedItem[], tally: Tally): string[] {
  return items.flatMap((item) => {
    const outcome = tally.get(plannedKey('namespaces', item))
    return outcome !== undefined && isRefused(outcome) ? [item.target ?? item.name] : []
  })
}

function isRefused({ action, because }: Outcome): boolean {
  return action === undefined && because !== undefined
}

/**
 * Velero's error for each item of a namespace that did not terminate in time. The namespace itself counts as often as the
 * backup has an object for it, and an additional item not at all: Velero does not come to it.
 */
export function lostOutcome(groupResource: GroupResource, item: PlannedItem, tools: ItemTools): Outcome {
  const text = `timed out waiting for terminating namespace ${item.target} to disappear before restoring: context deadline exceeded`
  const times = groupResource === 'namespaces' ? (item.sources ?? 1) : Number(item.additional !== true)
  const messages = Array.from({ length: times }, () => error('velero', text))
  return { key: plannedKey(groupResource, item), messages, at: tools.now() }
}

/** What the items of a chunk share about their namespaces. */
export interface IntoNamespaces {
  groupResource: GroupResource
  session: Pick<PlannedSession, 'plan'>
  input: { refused?: readonly string[] }
  /** Refused namespaces that this chunk has asked for again, once each. */
  ensured: Map<string, Promise<NamespaceStep>>
}

/**
 * The step of an item whose target namespace was refused in its wave, and is refused still; undefined where it is there now. It
 * is asked for again, as Velero does for each item.
 */
export async function stepIfRefused(
  item: PlannedItem & { target: string },
  run: IntoNamespaces,
  tools: ItemTools,
): Promise<ItemStep | undefined> {
  const key = plannedKey(run.groupResource, item)
  return stepWithoutNamespace(key, item, await ensureAgain(run, item.target, tools))
}

/** Asks for a namespace again, once for all items of a chunk. */
function ensureAgain({ ensured, session }: IntoNamespaces, target: string, tools: ItemTools): Promise<NamespaceStep> {
  const known = ensured.get(target)
  if (known !== undefined) return known
  const wave = session.plan.waves.find(({ groupResource }) => groupResource === 'namespaces')
  const planned = wave?.chunks.flatMap(({ items }) => items).find((item) => (item.target ?? item.name) === target)
  const ensuring = ensureNamespace(planned ?? { name: target, target }, tools)
  ensured.set(target, ensuring)
  return ensuring
}

/**
 * The step of an item whose namespace is refused still; undefined where it is there now. The item gets the same error, is
 * not listed, and nothing is made for it. An additional item is not told of: Velero does not come to it, since the item
 * that asks for it has the error.
 */
function stepWithoutNamespace(key: string, item: PlannedItem, step: NamespaceStep): ItemStep | undefined {
  if ('terminating' in step) return undefined
  const found = 'trouble' in step ? step.trouble.outcome : step.done
  if (found.because === undefined || !isRefused(found)) return undefined
  const messages = item.additional === true ? [] : [error('velero', found.because)]
  const outcome: Outcome = { key, messages, because: found.because, at: found.at }
  return 'trouble' in step ? { trouble: { ...step.trouble, outcome } } : { done: outcome }
}

function stateOf(
  standing: Manifest,
  tools: ItemTools,
  ready: (created?: Manifest) => { done: Outcome },
): NamespaceStep {
  const phase = (standing['status'] as { phase?: string } | undefined)?.phase
  if (standing.metadata.deletionTimestamp !== undefined || phase === 'Terminating')
    return { terminating: standing.metadata.name }
  const { labels: _labels, ...mark } = tools.mark
  return ready(isOurs(standing, mark, {}) ? standing : undefined)
}

/** The namespace as it is in the backup, under its target name; without labels where the backup has none that can be read. */
async function namespaceManifest(item: PlannedItem, name: string, tools: ItemTools): Promise<Manifest> {
  const bare: Manifest = { apiVersion: 'v1', kind: 'Namespace', metadata: { name } }
  const text = await tools.readItem('namespaces', { name: item.name }).catch((thrown: unknown) => {
    // The backup may lack it; a disk or a bucket that cannot be read is no reason to make it without its labels.
    if (thrown instanceof ArchiveError && thrown.kind === 'missing') return undefined
    throw thrown
  })
  if (text === undefined) return bare
  try {
    const { metadata, spec } = parseJson(text) as { metadata?: Manifest['metadata']; spec?: unknown }
    return {
      ...bare,
      metadata: {
        name,
        ...(metadata?.labels === undefined ? {} : { labels: metadata.labels }),
        ...(metadata?.annotations === undefined ? {} : { annotations: metadata.annotations }),
      },
      ...(spec === undefined ? {} : { spec }),
    }
  } catch {
    return bare
  }
}

/** The chunk of the wave of namespaces. */
export interface NamespacesOfChunk extends SideBySide {
  session: Pick<PlannedSession, 'plan' | 'journal'>
  attempt: Attempt
  key: string
  known: readonly Outcome[]
  input: SideBySide['input'] & {
    wave: number
    chunk: number
    lost?: readonly string[]
    pass?: number
    open?: boolean
  }
  ports: Pick<Ports, 'clock' | 'meter'>
}

/** Counts of the outcomes of a chunk, and which of its namespaces are terminating or could not be created. */
export interface NamespacesReport extends CountsWithCauses {
  terminating?: readonly string[]
  refused?: readonly string[]
}

/** All that follows needs them, so they are waited for as long as the API server lets a write take. */
export async function ensureNamespaces(
  run: NamespacesOfChunk,
  items: readonly PlannedItem[],
  { tools, before }: { tools: ItemTools; before: Tally },
): Promise<NamespacesReport> {
  const { pass = 0, open } = run.input
  const done: Outcome[] = []
  const terminating: string[] = []
  const { failure } = await settleAll(items, run, async (item, limited) => {
    const earlier = before.get(plannedKey('namespaces', item))
    const send = () => limited(() => ensureOrPreview(item, tools, (each) => ensureNamespace(item, each)))
    const step = await tryItem(send, { before: earlier, pass, open }, tools)
    if ('done' in step) done.push(step.done)
    else if (run.input.lost?.includes(step.terminating) === true) done.push(lostOutcome('namespaces', item, tools))
    else terminating.push(step.terminating)
  })
  if (done.length > 0) await run.session.journal.write(outcomesShard(run.key, run.attempt.id, 0), done)
  run.ports.meter?.itemsDone('namespaces', done)
  if (failure !== undefined) throw failure
  const tally = tallyOf([...run.known, ...done])
  const refused = refusedTargets(run.session.plan.waves[run.input.wave]?.chunks[run.input.chunk]?.items ?? [], tally)
  return {
    ...countWithCauses(tally),
    ...(terminating.length === 0 ? {} : { terminating: terminating.sort() }),
    ...(refused.length === 0 ? {} : { refused }),
  }
}

const lookSeconds = { first: 1, last: 15 } as const

/**
 * Looks whether a namespace that is being deleted is gone. It is waited for at most for the terminating timeout, from the
 * first look on; what stands in its way is told in the server's words.
 */
export function awaitNamespace({ ports, sessions, settings }: WorkerParts) {
  const { cluster, presence, clock } = ports
  return ({ ref, name, look }: AwaitNamespaceInput): Promise<{ gone: boolean } | Wait> =>
    runActivity(presence, { doing: `looking whether namespace ${name} is gone` }, async (attempt) => {
      const { journal } = await sessions.open(ref)
      const since = await waitSince(journal, `namespace/${name}`, clock.now())
      const namespace = await cluster.get({ ...namespaceResource, name })
      if (namespace === undefined || namespace.metadata.deletionTimestamp === undefined) return { gone: true }
      const leftMs = since + settings.terminatingTimeoutSeconds * 1000 - clock.now().getTime()
      if (leftMs <= 0) return { gone: false }
      const waitingFor = `namespace ${name} to go away, for another ${Math.ceil(leftMs / 1000)} s${whyNamespaceStays(namespace)}`
      const afterSeconds = Math.min(pauseAfter(attempt.number, lookSeconds), leftMs / 1000)
      return lookAgain(attempt, look, { waitingFor, afterSeconds })
    })
}

/** Which namespace is waited for. */
export interface AwaitNamespaceInput {
  ref: AdmittedRef
  name: string
  look?: Look
}
