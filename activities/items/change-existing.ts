import { isConflict, refusalOf } from '../../core/port-errors.ts'
import { decideExisting } from '../../core/items/decide-existing.ts'
import type { ExistingDecision } from '../../core/items/decide-existing.ts'
import { isWrittenBy } from '../../core/items/field-owners.ts'
import { error, scopeOf, warning } from '../../core/items/outcome.ts'
import type { Message } from '../../core/items/outcome.ts'
import { contentsOf, takeBack } from '../../core/undo/change-note.ts'
import { fieldManagerOf } from '../../velero/labels.ts'
import type { Manifest } from '../../velero/manifest.ts'
import type { ItemAction } from '../../velero/results.ts'
import { objectRef, refusedFor } from './item-tools.ts'
import type { ItemTools, WriteInput, WriteResult, Written } from './item-tools.ts'

/** A prepared item whose place is taken, with the policy for that; `deleted` is the uid that is noted of an object there. */
export interface ExistingInput extends WriteInput {
  policy: string | undefined
  deleted: string | undefined
}

/** Decides about an object that this restore did not create; a patch is returned, to be journalled before it is sent (rule 5). */
export function changeExisting(
  live: Manifest,
  input: ExistingInput,
  tools: ItemTools,
): Written | Extract<ExistingDecision, { do: 'recreate' }> {
  const { prepared, item, policy, deleted } = input
  const decide = (seen: Manifest) =>
    decideExisting({
      live: seen,
      object: prepared.object,
      groupResource: prepared.groupResource,
      targetNamespace: item.target,
      policy,
      deleted,
      labels: tools.rules.labels,
      manager: fieldManagerOf(tools.mark.uid),
      api: tools.rules.restore.api,
      neverEqual: prepared.neverEqual,
    })
  const decision = decide(live)
  if (decision.do === 'recreate') return decision
  if (decision.do === 'leave') {
    const changed =
      decision.action === 'updated' ? { live, contents: contentsOf(live) } : contentsIfPatched(live, tools)
    return { do: 'done', action: decision.action, messages: decision.messages, ...changed }
  }
  const apply = () => applyPatch({ live, decision, decide }, input, tools)
  const back = takeBack(live, decision.patch, fieldManagerOf(tools.mark.uid))
  return { do: 'change', action: decision.action, live, back, apply }
}

/** How often a patch is decided again because another writer came in between. */
const conflictsMax = 5

async function applyPatch(
  decided: {
    live: Manifest
    decision: Extract<ExistingDecision, { do: 'patch' }>
    decide: (seen: Manifest) => ExistingDecision
  },
  input: WriteInput,
  tools: ItemTools,
): Promise<WriteResult & { action: ItemAction }> {
  const scope = scopeOf(input.item.target)
  let { live } = decided
  let decision: Exclude<ExistingDecision, { do: 'recreate' }> = decided.decision
  for (let tries = 1; decision.do === 'patch'; tries++) {
    try {
      const changed = await patchLive(live, decision.patch, input, tools)
      // The way back was noted for the object as it was before another writer came, if that was not this restore itself.
      return {
        action: decision.action,
        messages: [],
        live: changed,
        ...((tries === 1 || isPatched(live, tools)) && { contents: contentsOf(changed) }),
      }
    } catch (thrown) {
      const refusal = refusalOf(thrown)
      const now = isConflict(refusal) && tries < conflictsMax ? await tools.cluster.get(objectRef(input)) : undefined
      if (now !== undefined) {
        const next = decided.decide(now)
        // Only the next try of the item may delete it.
        if (next.do === 'recreate') throw refusal
        live = now
        decision = next
        continue
      }
      const message = decision.refusalIsError ? error(scope, refusal.message) : warning(scope, refusal.message)
      const relabelled = decision.relabel === undefined ? [] : await relabel(live, decision.relabel, input, tools)
      return { action: 'failed', messages: [message, ...relabelled], ...refusedFor(refusal) }
    }
  }
  return { action: decision.action, messages: decision.messages, live, ...contentsIfPatched(live, tools) }
}

/** Nothing is left to change: an earlier request of this restore, whose answer was lost, may have changed it. */
function contentsIfPatched(live: Manifest, tools: ItemTools): Pick<WriteResult, 'contents'> {
  return isPatched(live, tools) ? { contents: contentsOf(live) } : {}
}

function isPatched(live: Manifest, { mark }: ItemTools): boolean {
  return isWrittenBy(live, fieldManagerOf(mark.uid))
}

async function relabel(
  live: Manifest,
  patch: Record<string, unknown>,
  input: WriteInput,
  tools: ItemTools,
): Promise<Message[]> {
  try {
    await patchLive(live, patch, input, tools)
    return []
  } catch (thrown) {
    return [error(scopeOf(input.item.target), refusalOf(thrown).message)]
  }
}

/** Patches the object only as it was seen: uid and resourceVersion must still be the same. */
function patchLive(
  live: Manifest,
  patch: Record<string, unknown>,
  input: WriteInput,
  tools: ItemTools,
): Promise<Manifest> {
  const { uid, resourceVersion } = live.metadata
  const guarded = { ...patch, metadata: { ...(patch['metadata'] as object | undefined), uid, resourceVersion } }
  return tools.cluster.patch(objectRef(input), guarded, { fieldManager: fieldManagerOf(tools.mark.uid) })
}
