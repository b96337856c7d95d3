import { backupNameLabel, restoreNameLabel } from '../../velero/labels.ts'
import type { Manifest } from '../../velero/manifest.ts'
import type { GroupResource } from '../../velero/resource.ts'
import type { VeleroApi } from '../../velero/restore.ts'
import type { ItemAction } from '../../velero/results.ts'
import { makeMergePatch } from '../modifiers/merge-patch.ts'
import { semanticEqual } from '../values/manifest-json.ts'
import { isWrittenBy } from './field-owners.ts'
import { resetMetadataAndStatus, withLabels } from './item-manifest.ts'
import { error, scopeOf, warning } from './outcome.ts'
import type { Message } from './outcome.ts'
import { textAt } from '../values/fields.ts'
import { firstNames } from '../values/first-names.ts'

/** What to do with an object that existed before this restore. */
export type ExistingDecision =
  | { do: 'leave'; action: ItemAction; messages: readonly Message[] }
  /** It is deleted, and the item created in its place. */
  | { do: 'recreate' }
  | {
      do: 'patch'
      /** A JSON merge patch (RFC 7386) from the existing object to the wanted one. */
      patch: Record<string, unknown>
      /** What the resource list says if the patch succeeds. */
      action: ItemAction
      /**
       * A patch of the labels alone, tried if the first patch is refused. The refusal of the first patch is a warning.
       */
      relabel?: Record<string, unknown>
      /** Whether a refusal is an error of the item instead of a warning. */
      refusalIsError: boolean
    }

/** The facts for the decision. */
export interface ExistingFacts {
  /** The object as read from the cluster. */
  live: Manifest
  /** The object to write, with restore labels. */
  object: Manifest
  groupResource: GroupResource
  targetNamespace: string | undefined
  /** `spec.existingResourcePolicy`, or what the annotation `drydock.io/existing` says in its place. */
  policy: string | undefined
  /** The uid of the object that an earlier attempt has deleted, or was about to, so that the item can be created. */
  deleted?: string | undefined
  /** The two labels of `restoreLabels`. */
  labels: Record<string, string>
  /** The field manager of this restore: by it an earlier attempt has patched the object. */
  manager: string
  /** Which of Velero's APIs the cluster serves. */
  api?: VeleroApi | undefined
  /** Velero calls the two objects different in any case (see `ItemAction.convertsThroughStruct`). */
  neverEqual: boolean
}

/**
 * Decides about an existing object. The policies of the annotation `drydock.io/existing` come first:
 *
 * | live is                                               | policy   | decision; action in the resource list    |
 * | any                                                   | fail     | leave with an error; failed              |
 * | made by others since this restore deleted it          | recreate | as without a policy                      |
 * | owned by a controller, and not deleted by this restore | recreate | as without a policy                     |
 * | equal but for the owners of fields, not being deleted | recreate | patch of the two labels; skipped         |
 * | any other                                             | recreate | delete it, and create the item           |
 *
 * All others are decided as Velero does:
 *
 * | live is    | kind           | policy | decision; action in the resource list               |
 * | equal      | any            | update | patch of the two labels; skipped                    |
 * | equal      | any            | other  | leave; skipped                                      |
 * | different  | ServiceAccount | any    | add what is missing; updated, or skipped if nothing is missing |
 * | different  | others         | unset  | leave with a warning; failed, after v1.18 skipped   |
 * | different  | others         | none   | the same, in other words                            |
 * | different  | others         | update | patch; if refused a warning and a patch of the labels; updated or failed |
 *
 * An object that this restore has patched, in an attempt whose end nobody knows, is left as it is and counts as updated
 * where nothing differs any more but the owners of fields: the server notes there who sent the patch.
 *
 * Source: pkg/restore/restore.go restoreItem (existing path), processUpdateResourcePolicy, updateBackupRestoreLabels.
 */
export function decideExisting(facts: ExistingFacts): ExistingDecision {
  if (facts.policy === 'fail') return refuse(facts)
  if (facts.policy === 'recreate' && staysAsItIs(facts)) return decideExisting({ ...facts, policy: undefined })
  const live = resetMetadataAndStatus(facts.live) ?? facts.live
  const labelled = withLabels(live, facts.labels)
  const unlabelled = withLabels(live, { [backupNameLabel]: '', [restoreNameLabel]: '' })
  const relabel = makeMergePatch(unlabelled, labelled) as Record<string, unknown> | undefined
  if (facts.policy === 'recreate') {
    const isSame = semanticEqual(withoutOwners(labelled), withoutOwners(facts.object))
    const isGoing = facts.live.metadata.deletionTimestamp !== undefined
    return isGoing || !isSame ? { do: 'recreate' } : decideEqual(facts, relabel)
  }
  if (!facts.neverEqual && semanticEqual(labelled, facts.object)) return decideEqual(facts, relabel)
  if (facts.groupResource === 'serviceaccounts') return decideServiceAccount(facts, labelled, relabel)
  if (facts.policy === 'update' && isPatchedAlready(facts, live))
    return { do: 'leave', action: 'updated', messages: [] }
  return decideDifferent(facts, unlabelled, relabel)
}

/** Others made it in the place of the one that this restore deleted, or its controller would make another one. */
function staysAsItIs({ live, deleted }: ExistingFacts): boolean {
  const { uid, ownerReferences = [] } = live.metadata
  return deleted === undefined ? ownerReferences.some(({ controller }) => controller === true) : deleted !== uid
}

/** Whether it has sent the patch before: nothing differs any more but the owners of fields. */
function isPatchedAlready(facts: ExistingFacts, reset: Manifest): boolean {
  if (!isWrittenBy(facts.live, facts.manager)) return false
  return makeMergePatch(withoutOwners(reset), withoutOwners(facts.object)) === undefined
}

function withoutOwners({ metadata, ...rest }: Manifest): Manifest {
  const { managedFields: _owners, ...kept } = metadata
  return { ...rest, metadata: kept }
}

function decideEqual(facts: ExistingFacts, relabel: Record<string, unknown> | undefined): ExistingDecision {
  const isRelabelled = facts.policy === 'update' || facts.policy === 'recreate'
  if (!isRelabelled || relabel === undefined) return { do: 'leave', action: 'skipped', messages: [] }
  return { do: 'patch', patch: relabel, action: 'skipped', refusalIsError: true }
}

function decideServiceAccount(
  facts: ExistingFacts,
  labelled: Manifest,
  relabel: Record<string, unknown> | undefined,
): ExistingDecision {
  const desired = mergeServiceAccount(labelled, facts.object)
  const patch = semanticEqual(labelled, desired)
    ? undefined
    : (makeMergePatch(labelled, desired) as Record<string, unknown> | undefined)
  if (patch === undefined)
    return { do: 'leave', action: isWrittenBy(facts.live, facts.manager) ? 'updated' : 'skipped', messages: [] }
  const fallback = facts.policy === 'update' && relabel !== undefined ? { relabel } : {}
  return { do: 'patch', patch, action: 'updated', ...fallback, refusalIsError: false }
}

function decideDifferent(
  facts: ExistingFacts,
  unlabelled: Manifest,
  relabel: Record<string, unknown> | undefined,
): ExistingDecision {
  const { kind, metadata } = facts.object
  const different = 'already exists. Warning: the in-cluster version is different than the backed-up version'
  switch (facts.policy) {
    case undefined:
    case '':
      return leave(facts, `could not restore, ${kind}:${metadata.name} ${different}`)
    case 'update': {
      const patch = makeMergePatch(unlabelled, facts.object) as Record<string, unknown> | undefined
      if (patch === undefined) return { do: 'leave', action: 'updated', messages: [] }
      return {
        do: 'patch',
        patch,
        action: 'updated',
        ...(relabel === undefined ? {} : { relabel }),
        refusalIsError: false,
      }
    }
    default:
      return leave(facts, `could not restore, ${kind} "${metadata.name}" ${different}`)
  }
}

function refuse({ object: { kind, metadata }, targetNamespace }: ExistingFacts): ExistingDecision {
  const scope = scopeOf(targetNamespace)
  const message = error(
    scope,
    `could not restore, ${kind} "${metadata.name}" already exists, and annotation drydock.io/existing says fail`,
  )
  return { do: 'leave', action: 'failed', messages: [message] }
}

/** Whether a message says that an object exists which must not: {@link decideExisting} under the policy `fail`. */
export function saysMustNotExist({ text }: Message): boolean {
  return text.endsWith('already exists, and annotation drydock.io/existing says fail')
}

function leave(facts: ExistingFacts, text: string): ExistingDecision {
  return {
    do: 'leave',
    action: facts.api === 'next' ? 'skipped' : 'failed',
    messages: [warning(scopeOf(facts.targetNamespace), text)],
  }
}

/**
 * The ServiceAccount of the cluster, with secrets, pull secrets, labels and annotations added that only the one of the
 * backup has. Values in the cluster win. Source: pkg/restore/merge_service_account.go.
 */
export function mergeServiceAccount(live: Manifest, backedUp: Manifest): Manifest {
  const secrets = mergeByName(live['secrets'], backedUp['secrets'])
  const imagePullSecrets = mergeByName(live['imagePullSecrets'], backedUp['imagePullSecrets'])
  const labels = { ...backedUp.metadata.labels, ...live.metadata.labels }
  const annotations = { ...backedUp.metadata.annotations, ...live.metadata.annotations }
  return {
    ...live,
    metadata: {
      ...live.metadata,
      ...(Object.keys(labels).length > 0 ? { labels } : {}),
      ...(Object.keys(annotations).length > 0 ? { annotations } : {}),
    },
    ...(secrets.length > 0 ? { secrets } : {}),
    ...(imagePullSecrets.length > 0 ? { imagePullSecrets } : {}),
  }
}

function mergeByName(live: unknown, backedUp: unknown): { name?: string }[] {
  const kept = asReferences(live)
  const added = asReferences(backedUp).filter((reference) => !kept.some((known) => known.name === reference.name))
  return [...kept, ...added]
}

function asReferences(value: unknown): { name?: string }[] {
  return Array.isArray(value) ? (value as { name?: string }[]) : []
}

/** What stands around an object that is to be deleted, by metadata alone. */
export interface Neighbours {
  /** Claims that have an owner. */
  claims: readonly Manifest[]
  statefulSets: readonly Manifest[]
}

/**
 * Why claims would be deleted together with an object, and their data with them; undefined where none would. The garbage collector
 * takes claims that the object owns, such as those of a database operator, and claims of a StatefulSet that it owns. A StatefulSet
 * with `whenDeleted: Delete` counts by its spec, since its claims may get their owner only later.
 */
export function whyClaimsWouldGo(live: Manifest, { claims, statefulSets }: Neighbours): string | undefined {
  if (textAt(live, 'spec', 'persistentVolumeClaimRetentionPolicy', 'whenDeleted') === 'Delete')
    return 'its claims would go with it, and their data (persistentVolumeClaimRetentionPolicy.whenDeleted is Delete)'
  const { uid } = live.metadata
  if (uid === undefined) return undefined
  const sets = statefulSets.filter((set) => isOwnedBy(set, [uid])).flatMap(({ metadata }) => metadata.uid ?? [])
  const owned = claims.filter((claim) => isOwnedBy(claim, [uid, ...sets])).map(({ metadata }) => metadata.name)
  if (owned.length === 0) return undefined
  return `it owns the claims ${firstNames(owned.sort())}, which would go with it, and their data`
}

function isOwnedBy({ metadata }: Manifest, uids: readonly string[]): boolean {
  return (metadata.ownerReferences ?? []).some((owner) => uids.includes(owner.uid))
}
