import { error, isSecret, itemKey, listedKind, listedName, scopeOf } from '../../core/items/outcome.ts'
import type { NativeVolume, Outcome } from '../../core/items/outcome.ts'
import { faultInWords } from '../../core/items/item-fault.ts'
import { redact } from '../../core/values/redact.ts'
import { troubleOf } from '../../core/items/item-trouble.ts'
import type { TroubleKind } from '../../core/items/item-trouble.ts'
import type { PodHooks } from '../../core/hooks/pod-hooks.ts'
import type { PlannedItem } from '../../core/plan/plan.ts'
import { ApiError, ArchiveError } from '../../core/port-errors.ts'
import type { Manifest } from '../../velero/manifest.ts'
import { itemPath } from '../../velero/resource.ts'
import type { ChangeNote } from '../../core/undo/change-note.ts'
import type { GroupResource } from '../../velero/resource.ts'
import type { Session } from '../frame/session.ts'
import { noteChanges } from '../undo/change-notes.ts'
import type { ItemTools } from './item-tools.ts'

/**
 * What became of an item: an outcome, a change of an object that stood there, which is journalled before it is made, or
 * trouble that may pass.
 */
export type ItemStep = { done: Outcome; hooks?: PodHooks } | { intent: Intent } | { trouble: ItemTrouble }

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
  await Promise.all([
    journal.write(
      `intents/${chunk}/${part}`,
      intents.map((intent) => intent.outcome),
    ),
    noteChanges(
      journal,
      { chunk, part },
      intents.flatMap(({ note }) => note ?? []),
    ),
  ])
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
