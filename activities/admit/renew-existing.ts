import { askedBy } from '../../core/asked/annotations.ts'
import { resolveExisting } from '../../core/asked/existing.ts'
import { resolveResource } from '../../core/filter/resolve-resource.ts'
import { servedAsPlanned } from '../../core/plan/planned-facts.ts'
import type { Plan } from '../../core/plan/plan.ts'
import type { Restore } from '../../velero/restore.ts'
import { existingAnnotation } from '../../velero/labels.ts'
import { shards } from '../frame/journal.ts'
import type { Journal, StoredAdmission } from '../frame/journal.ts'
import type { Cluster } from '../ports.ts'

/** The run before: its journal, and what it was admitted with. */
interface RunBefore {
  journal: Journal
  admission: StoredAdmission
}

/**
 * The policies for objects that exist in the next run of a restore, as its annotation says now: whoever has taken `recreate` away
 * must not see anything deleted by it. Where the annotation is as it was, so are its policies. A refusal where a word names no
 * kind of the cluster or the plan.
 */
export async function renewExisting(
  { journal, admission }: RunBefore,
  { metadata: { annotations = {} } }: Restore,
  cluster: Pick<Cluster, 'discover'>,
): Promise<Pick<Plan, 'existing'> | { refused: string }> {
  const { existing: asked } = askedBy(annotations)
  if (asked === undefined) return {}
  const plan = await journal.read<Plan>(shards.plan)
  if (plan === undefined) return {}
  const wasAsked = admission.restore.annotations?.[existingAnnotation]
  if (wasAsked === annotations[existingAnnotation] && plan.existing !== undefined) return { existing: plan.existing }
  const served = await cluster.discover()
  const planned = servedAsPlanned(plan.waves)
  const resolved = resolveExisting(asked, (word) => resolveResource(word, served) ?? resolveResource(word, planned))
  if ('error' in resolved) return { refused: `annotation ${existingAnnotation} cannot be followed: ${resolved.error}` }
  return { existing: resolved.rules }
}
