import { podHooks } from '../../core/hooks/pod-hooks.ts'
import type { PodHooks } from '../../core/hooks/pod-hooks.ts'
import { faultInWords, troubleOf } from '../../core/items/item-trouble.ts'
import type { TroubleKind } from '../../core/items/item-trouble.ts'
import { error, isSecret, itemKey, listedKind, listedName, scopeOf } from '../../core/items/outcome.ts'
import type { Message, NativeVolume, Outcome } from '../../core/items/outcome.ts'
import type { BegunOperation, Preparation } from '../../core/items/prepare-item.ts'
import { ownersInBackup } from '../../core/owners/link-owners.ts'
import type { PlannedItem } from '../../core/plan/plan.ts'
import { ApiError, ArchiveError } from '../../core/port-errors.ts'
import type { ChangeNote } from '../../core/undo/change-note.ts'
import { redact } from '../../core/values/redact.ts'
import type { Manifest } from '../../velero/manifest.ts'
import { itemPath } from '../../velero/resource.ts'
import type { GroupResource } from '../../velero/resource.ts'
import type { ItemAction } from '../../velero/results.ts'
import { inFlight } from '../frame/in-flight.ts'
import type { Session } from '../frame/session.ts'
import { noteChanges } from '../undo/change-notes.ts'
import type { ItemTools, WriteResult, Written } from './item-tools.ts'

/**
 * What became of an item: an outcome, a change of an object that stood there, which is journalled before it is made, or
 * trouble that may pass.
 */
export type ItemStep = { done: Outcome; hooks?: PodHooks } | { intent: Intent } | { trouble: ItemTrouble }

/** Whether items can be restored into a namespace now, or trouble that may pass. */
export type NamespaceStep = { done: Outcome } | { terminating: string } | { trouble: ItemTrouble }

/** A decided change of an object that this restore did not create. */
export interface Intent {
  outcome: Outcome
  /** How to take it back; absent where that is noted already. */
  note?: ChangeNote
  apply: () => Promise<Exclude<ItemStep, { intent: Intent }>>
}

/** Journals changes before they are made (rule 5), and how to take them back; `part` names the batch and its attempt. */
export async function journalIntents(
  { session: { journal }, key: chunk }: { session: Pick<Session, 'journal'>; key: string },
  intents: readonly Intent[],
  part: string,
): Promise<void> {
  const outcomes = intents.map((intent) => intent.outcome)
  const notes = intents.flatMap(({ note }) => note ?? [])
  const writes = [
    () => journal.write(`intents/${chunk}/${part}`, outcomes),
    () => noteChanges(journal, { chunk, part }, notes),
  ]
  await inFlight(writes, writes.length, (write) => write())
}

/** Trouble that may pass, with the outcome that stands if it does not. */
export interface ItemTrouble {
  kind: TroubleKind
  outcome: Outcome
  /** What the ports threw; undefined for a refusal. */
  thrown?: unknown
  retryAfterSeconds?: number | undefined
}

/** What an item needs while it is restored, and what is known of it so far. */
export interface ItemWork {
  groupResource: GroupResource
  item: PlannedItem
  tools: ItemTools
  address: { groupResource: GroupResource; namespace?: string; name: string }
  id: string
  /** What the item holds, once it has been read: of a Secret nothing of it may be quoted. */
  manifests: Manifest[]
  /** The object, once it stands: trouble with a later step does not take it away. */
  created?: Pick<Outcome, 'listed' | 'object' | 'version' | 'atZero' | 'owners'>
  /** The volume that was made from a native snapshot. */
  native?: NativeVolume
}

/** What follows from something that was thrown on the way; throws it on where it is not this item's trouble. */
export function stepOf(thrown: unknown, work: ItemWork): Exclude<ItemStep, { intent: Intent }> {
  const { id, item, tools } = work
  const [manifest] = work.manifests
  const text = `error restoring ${id}: ${wordsOf(thrown)}`
  const outcome = finish(work, {
    action: work.created === undefined ? 'failed' : 'created',
    ...(manifest === undefined ? {} : { listed: listedAs(manifest, item) }),
    ...work.created,
    messages: [error(scopeOf(item.target), text)],
  })
  if (thrown instanceof ApiError) {
    const kind = troubleOf(thrown)
    if (kind === 'worker') throw protectedError(thrown, work)
    if (kind === 'refused') return { done: outcome }
    return {
      trouble: { kind, outcome, thrown: protectedError(thrown, work), retryAfterSeconds: thrown.retryAfterSeconds },
    }
  }
  if (!isFaultOfItem(thrown)) throw thrown
  tools.log.error(`an item cannot be processed: ${id}`, isSecret(work.groupResource) ? {} : { error: stackOf(thrown) })
  return { done: outcome }
}

/** The words for whoever reads the results; the stack is in the worker's log. */
function wordsOf(thrown: unknown): string {
  if (thrown instanceof ApiError || thrown instanceof ArchiveError) return thrown.message
  return `the manifest is not as Drydock expects it (${faultInWords(thrown)})`
}

/** A fault of the program, met with this manifest, or an item that the archive lacks: neither ends with another attempt. */
function isFaultOfItem(thrown: unknown): boolean {
  if (thrown instanceof ArchiveError) return thrown.kind === 'missing'
  return (
    thrown instanceof TypeError ||
    thrown instanceof RangeError ||
    thrown instanceof SyntaxError ||
    thrown instanceof URIError
  )
}

function stackOf(thrown: unknown): string {
  return thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown)
}

/** An outcome of the item, with nothing that a Secret holds. */
export function finish(work: ItemWork, parts: Partial<Outcome>): Outcome {
  const native = work.native === undefined ? {} : { native: work.native }
  return protect(work, { key: itemKey(work.address), messages: [], at: work.tools.now(), ...native, ...parts })
}

/** The line of the resource list for a manifest of the backup. */
export function listedAs(manifest: Manifest, item: PlannedItem): { kind: string; name: string } {
  return { kind: listedKind(manifest.apiVersion, manifest.kind), name: listedName(item.target, item.name) }
}

/** Rule 14: nothing that a message about a Secret quotes is stored, and nothing of what the Secret holds. */
function protect(work: ItemWork, outcome: Outcome): Outcome {
  if (!isSecret(work.groupResource)) return outcome
  const messages = outcome.messages.map((message) => ({ ...message, text: withoutSecrets(message.text, work) }))
  return { ...outcome, messages }
}

/** The same for what is thrown: its text reaches the history and the log of the worker. */
export function protectedError(thrown: ApiError, work: ItemWork): ApiError {
  if (!isSecret(work.groupResource)) return thrown
  const { code, reason, retryAfterSeconds } = thrown
  const message = withoutSecrets(thrown.message, work)
  return new ApiError({ code, reason, message, ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }) })
}

/** Where something was taken out, the name of the item is there: else nobody knows which Secret it is about. */
function withoutSecrets(text: string, { groupResource, item, id, manifests }: ItemWork): string {
  const shown = redact(text, manifests, [id, itemPath(groupResource, item)])
  return shown === text || shown.includes(item.name) ? shown : `${shown} (${id})`
}

/** The outcome of a write. Of a created object it tells what is known since its create. */
export function conclude(
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
    { live, contents, cut }: Pick<WriteResult, 'live' | 'contents' | 'cut'>,
  ): Outcome =>
    finish(work, {
      ...(action === undefined ? {} : { action }),
      listed: known.listed,
      messages: [...prepared.messages, ...messages],
      ...(action === 'created' ? work.created : objectOf(live, prepared, item)),
      ...(contents === undefined ? {} : { contents }),
      ...(cut === undefined ? {} : { cut }),
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
export function laterOf(
  { atZero }: Extract<Preparation, { do: 'write' }>,
  manifest: Manifest,
  tools: ItemTools,
): Pick<Outcome, 'atZero' | 'owners'> {
  const owners = tools.relinkOwners === true ? ownersInBackup(manifest) : []
  return { ...(atZero === undefined ? {} : { atZero }), ...(owners.length === 0 ? {} : { owners }) }
}

/** The object of an outcome, with its resourceVersion; nothing for one without a uid. */
export function objectOf(
  live: Manifest | undefined,
  prepared: Extract<Preparation, { do: 'write' }>,
  item: PlannedItem,
): Pick<Outcome, 'object' | 'version'> {
  if (live?.metadata.uid === undefined) return {}
  const { name, uid, resourceVersion: version } = live.metadata
  const namespace = item.target === undefined ? {} : { namespace: item.target }
  return { object: { ...prepared.resource, ...namespace, name, uid }, ...(version === undefined ? {} : { version }) }
}

/** The operations that actions began for an item, as its outcome tells them. */
export function operationsOf(
  { operation, pluginOperations }: { operation?: BegunOperation; pluginOperations?: readonly BegunOperation[] },
  work: ItemWork,
): Pick<Outcome, 'operation' | 'pluginOperations'> {
  if (operation === undefined && pluginOperations === undefined) return {}
  return {
    ...(operation === undefined ? {} : { operation: operationOf(operation, work) }),
    ...(pluginOperations === undefined
      ? {}
      : { pluginOperations: pluginOperations.map((one) => operationOf(one, work)) }),
  }
}

function operationOf(begun: BegunOperation, { address, item, tools }: ItemWork): NonNullable<Outcome['operation']> {
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
