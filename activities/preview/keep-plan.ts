import type { Plan } from '../../core/plan/plan.ts'
import { comparedSentence, differencesFromPlan, parseFromPlan } from '../../core/preview/compare-with-plan.ts'
import { existingNotes, quotaNotes } from '../../core/preview/plan-notes.ts'
import { planPage } from '../../core/preview/plan-page.ts'
import { planSentence } from '../../core/preview/plan-words.ts'
import { backupMark, kindsText, planFileInSteps } from '../../core/preview/plan-file.ts'
import type { PlanFile } from '../../core/preview/plan-file.ts'
import { refusalOf, StoreError } from '../../core/port-errors.ts'
import type { Tally } from '../../core/results/tally.ts'
import { sha256Hex } from '../../core/values/derived-names.ts'
import { jsonInPieces } from '../../core/values/json-in-pieces.ts'
import { fromPlanAnnotation, remarksReason } from '../../velero/labels.ts'
import { restorePlanKey, restorePlanPageKey } from '../../velero/object-keys.ts'
import { gzipOf, inSlices } from '../frame/in-slices.ts'
import { inflateText } from '../frame/inflate.ts'
import { recordEvent } from '../frame/restore-resource.ts'
import { listIfServed } from '../frame/served-kinds.ts'
import { shards } from '../frame/journal.ts'
import type { StoredFacts } from '../frame/journal.ts'
import type { Session } from '../frame/session.ts'
import { fatal } from '../frame/failures.ts'
import type { Cluster, ObjectStore, Ports } from '../ports.ts'

/** Writes what a plan came to beside the other files of its Restore, as a whole, and tells it on the Restore in a sentence. */
export async function keepPlan(
  { admission, journal, ref, store }: Session,
  { tally, plan }: { tally: Tally; plan: Plan | undefined },
  { ports, signal }: { ports: Ports; signal: AbortSignal },
): Promise<void> {
  const { cluster, presence } = ports
  const { name, namespace, uid } = admission.restore
  const kinds = sha256Hex(kindsText(await cluster.discover()))
  const facts = await journal.read<StoredFacts>(shards.facts)
  const notes = [...planNotes(plan, facts), ...existingNotes(tally), ...(await readQuotaNotes(cluster, tally))]
  const steps = planFileInSteps(tally, {
    plan: { name, namespace, uid, madeAt: admission.startedAt },
    backup: backupMark(admission.backup),
    etag: plan?.etag ?? '',
    cluster: { id: ref.cluster, kinds },
    notes,
  })
  const file = await inSlices(steps, signal)
  const body = await gzipOf(jsonInPieces(file))
  // The bucket does not know of Leases: this is asked when a request goes out.
  const assertMayWrite = () => presence.assertMayWrite()
  const html = { contentType: 'text/html; charset=utf-8', assertMayWrite }
  await store.put(restorePlanPageKey(name), Buffer.from(planPage(file)), html)
  await store.put(restorePlanKey(name), body, { assertMayWrite })
  const note = `Nothing was restored. ${planSentence(file)}`
  await recordEvent(ports, { metadata: admission.restore }, { type: 'Normal', reason: remarksReason, note })
}

/** What no dry run can predict. */
function planNotes(plan: Plan | undefined, facts: StoredFacts | undefined): string[] {
  const plugins = (facts?.plugins ?? []).map(({ name }) => name)
  return [
    ...(plan?.waves.length === 0 ? ['No item of the backup is selected'] : []),
    ...(plugins.length === 0
      ? []
      : [`What plugins do to items is not predicted: ${plugins.join(', ')} were not asked`]),
  ]
}

async function readQuotaNotes(cluster: Cluster, tally: Tally): Promise<string[]> {
  try {
    return quotaNotes(await listIfServed(cluster, { group: '', version: 'v1', resource: 'resourcequotas' }, {}), tally)
  } catch (thrown) {
    return [`Quotas were not looked at: ${refusalOf(thrown).message}`]
  }
}

/**
 * Where a restore that carries out a plan came out otherwise, in sentences: how many first, then which. None for a restore
 * without a plan. A plan that cannot be read is told, and keeps no restore from its end.
 */
export async function compareWithPlan({ admission, store }: Session, tally: Tally): Promise<string[]> {
  const wanted = parseFromPlan(admission.restore.annotations?.[fromPlanAnnotation])
  if (wanted === undefined) return []
  const found = await findPlan(store, wanted)
  if (found === undefined)
    return [`The restore cannot be compared with plan ${wanted.name}: the plan is not in the backup location any more`]
  return sentences(found, tally)
}

/**
 * Ends a restore, before anything is written, that would carry out a plan of another archive: its backup was made again since.
 * A plan that cannot be found is told in the end.
 */
export async function requireSameArchive({ admission, store }: Session, etag: string): Promise<void> {
  const wanted = parseFromPlan(admission.restore.annotations?.[fromPlanAnnotation])
  const found = wanted === undefined ? undefined : await findPlan(store, wanted)
  if (found === undefined || found.etag === etag) return
  const { plan, backup } = found
  throw fatal(`backup ${backup.name} was made again since plan ${plan.name} of ${plan.madeAt}: make a new plan`)
}

/** The plan of that name and uid; undefined where it is gone, damaged or another one. */
async function findPlan(store: ObjectStore, wanted: { name: string; uid: string }): Promise<PlanFile | undefined> {
  const found = await readPlanFile(store, wanted.name).catch((thrown: unknown) => {
    if (thrown instanceof StoreError && (thrown.kind === 'unreachable' || thrown.kind === 'other')) throw thrown
    return undefined
  })
  return found?.plan.uid === wanted.uid ? found : undefined
}

function sentences(found: PlanFile, tally: Tally): string[] {
  const differences = differencesFromPlan(tally, found)
  return [comparedSentence(found.plan.name, found.items.length, differences.length), ...differences]
}

/** A file with more bytes than this, after decompression, counts as damaged. */
const planBytesMax = 512 * 1024 * 1024

/** Reads the file of a plan; undefined where there is none, or where it is damaged. Errors of the bucket are `StoreError`s. */
export async function readPlanFile(store: ObjectStore, name: string): Promise<PlanFile | undefined> {
  const bytes = await store.get(restorePlanKey(name))
  if (bytes === undefined) return undefined
  try {
    const text = await inflateText(bytes, planBytesMax)
    return JSON.parse(text) as PlanFile
  } catch {
    return undefined
  }
}
