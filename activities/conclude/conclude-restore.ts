import { workLeft } from '../../core/finalize/work-left.ts'
import type { Plan } from '../../core/plan/plan.ts'
import { chunkKey, plannedKey } from '../../core/plan/plan.ts'
import { operationOutcomes } from '../../core/operations/operations.ts'
import { goJsonInPieces } from '../../core/values/go-text.ts'
import type { Steps } from '../../core/values/slices.ts'
import { endDetailsInSteps } from '../../core/report/failure-causes.ts'
import type { EndDetails } from '../../core/report/failure-causes.ts'
import { isPreview, plannedWords } from '../../core/preview/verdict.ts'
import { logInPieces, remarksOf } from '../../core/results/render-log.ts'
import { notableInSteps } from '../../core/results/notable-outcomes.ts'
import { resourceListInPieces, resultsInSteps } from '../../core/results/render-results.ts'
import type { Tally } from '../../core/results/tally.ts'
import { countMessages } from '../../velero/results.ts'
import {
  restoreItemOperationsKey,
  restoreLogKey,
  restoreResourceListKey,
  restoreResultsKey,
  restoreVolumeInfoKey,
} from '../../velero/object-keys.ts'
import { assertUnderway, runActivity } from '../frame/run-activity.ts'
import { journalDamaged } from '../frame/failures.ts'
import { inFlight } from '../frame/in-flight.ts'
import { gzipOf, inSlices } from '../frame/in-slices.ts'
import { readTally } from '../frame/read-tally.ts'
import { readOperations } from '../operations/operation-shards.ts'
import { compareWithPlan, keepPlan } from '../preview/keep-plan.ts'
import { remarksReason } from '../../velero/labels.ts'
import { recordEvent } from '../frame/restore-resource.ts'
import type { Ports, Presence } from '../ports.ts'
import type { RestoreVolumeInfo } from '../../velero/volume-info.ts'
import type { AdmittedRef } from '../../contract/restore-workflow.ts'
import { listTasks, type FinalizeParts, type ListedTask } from '../finalize/finalize-restore.ts'
import type { Session } from '../frame/session.ts'
import { rfc3339 } from '../../velero/manifest.ts'
import { shards, type StoredFacts } from '../frame/journal.ts'
import { gatherVolumeInfos } from '../volumes/gather-volume-infos.ts'

/** What to conclude. */
export interface ConcludeInput {
  ref: AdmittedRef
  /** All items are restored: a missing outcome means a damaged journal then. False after a cancel. */
  complete: boolean
  /** This run was reset: the restore may be over. */
  follows?: true
}

/** Counts of what the result files hold. */
export interface Conclusion {
  items: number
  warnings: number
  errors: number
  operations: number
  /** What the end is told with; absent for a plan. */
  details?: EndDetails
  /** The finalization tasks that may have something to do, in order; absent where the restore gets no finalization. */
  tasks?: readonly ListedTask[]
}

/** An attempt that was lost, in a worker that is frozen, must not put older files over those of its successor (rule 7). */
function frameOf({ ref }: ConcludeInput) {
  return { doing: `writing the result files of restore ${ref.name}`, scope: `${ref.uid}/conclude` }
}

/**
 * Writes the five result files from the journal, each as a whole, side by side: log, results, resource list,
 * operations, volume info. A plan has nothing in the last three, and a file of its own. It runs after the items are
 * restored, and again when the finalization has added outcomes. It lists what the finalization may have to do.
 */
export function concludeRestore(parts: FinalizeParts) {
  const { ports, sessions } = parts
  return (input: ConcludeInput): Promise<Conclusion> =>
    runActivity(ports.presence, frameOf(input), async ({ signal }) => {
      const session = await sessions.open(input.ref)
      await assertUnderway(ports.cluster, input.ref, {
        isReset: input.follows === true,
        after: input.complete ? undefined : 'failure',
      })
      const { plan, tally, volumes, names } = await readAllOf(parts, session, signal)
      if (input.complete && plan !== undefined) await inSlices(checkComplete(plan, tally, session), signal)
      const notable = await inSlices(notableInSteps(tally), signal)
      const operations = await readOperations(session.journal, notable)
      for (const one of operationOutcomes(operations, notable)) tally.add(one)
      const results = await inSlices(resultsInSteps(tally), signal)
      const leftOut = plan?.leftOut === undefined ? {} : { leftOut: plan.leftOut }
      const isEmpty = plan !== undefined && plan.waves.length === 0
      const preview = isPreview(session.admission)
      const remarks = input.complete && !preview ? await compareWithPlan(session, tally) : []
      const words = preview ? { wouldBe: plannedWords } : {}
      const about = {
        ...session.admission,
        endedAt: rfc3339(ports.clock.now()),
        ...leftOut,
        isEmpty,
        remarks,
        ...words,
      }
      if (preview && input.complete) await keepPlan(session, { tally, plan }, { ports, signal })
      await putFiles(session, ports.presence, {
        log: after(await inheritedLog(session), logInPieces(tally, about)),
        results: goJsonInPieces(results),
        resourceList: preview ? goJsonInPieces({}) : resourceListInPieces(tally),
        operations: goJsonInPieces(operations),
        volumes: goJsonInPieces(
          await volumeInfos(input, session, await gatherVolumeInfos(notable, session.ref, ports)),
        ),
      })
      if (!preview) await tellRemarks(remarksOf(notable, about), session, ports)
      const details = await inSlices(endDetailsInSteps(tally), signal)
      return {
        items: Object.values(details.counts).reduce((sum, count) => sum + count, 0),
        warnings: countMessages(results.warnings),
        errors: countMessages(results.errors),
        operations: operations.length,
        ...(preview ? {} : { details }),
        ...(input.complete
          ? { tasks: listTasks(session, parts, workLeft({ tally: notable, volumes, shards: names })) }
          : {}),
      }
    })
}

/** What the journal holds of a restore, and the names of its shards. */
async function readAllOf({ sessions }: FinalizeParts, session: Session, signal: AbortSignal) {
  const { journal } = session
  const plan = await sessions.planOf(session)
  const [tally, facts, names] = await Promise.all([
    readTally(journal, { more: plan?.notes ?? [], signal }),
    journal.read<StoredFacts>(shards.facts),
    journal.list(''),
  ])
  return { plan, tally, volumes: Object.values(facts?.volumes.infos ?? {}), names }
}

/** Tells in an Event, which `describe` shows, what the results do not say. What Velero restored is not ours to remark on. */
async function tellRemarks(remarks: string | undefined, { admission }: Session, ports: Ports): Promise<void> {
  if (remarks === undefined || admission.inherited === true) return
  await recordEvent(ports, { metadata: admission.restore }, { type: 'Warning', reason: remarksReason, note: remarks })
}

/** Velero's log of a restore that was taken over: ours follows it. */
async function inheritedLog({ admission, journal }: Session): Promise<string> {
  return admission.inherited === true ? ((await journal.read<string>(shards.inheritedLog)) ?? '') : ''
}

/** Velero's text of an inherited restore, then ours. */
function* after(first: string, pieces: Iterable<string>): Generator<string> {
  yield first
  yield* pieces
}

/** The volume infos as they were when the items were restored, as in Velero, however often the files are written. */
async function volumeInfos(
  { complete }: ConcludeInput,
  { journal }: Session,
  gathered: RestoreVolumeInfo[],
): Promise<RestoreVolumeInfo[]> {
  return complete && gathered.length > 0 ? journal.writeOnce(shards.volumeInfos, gathered) : gathered
}

/** Throws where an item of the plan has no outcome: a missing shard never counts as success (rule 4). */
function* checkComplete(plan: Plan, tally: Tally, session: Session): Steps<void> {
  for (const [w, wave] of plan.waves.entries()) {
    for (const [c, chunk] of wave.chunks.entries()) {
      yield
      const missing = chunk.items.find((item) => !tally.has(plannedKey(wave.groupResource, item)))
      if (missing === undefined) continue
      throw journalDamaged(
        `the journal of restore ${session.ref.name} (${session.ref.uid}) has no outcome of ${wave.groupResource} ` +
          `${missing.namespace ?? ''}/${missing.name}: a shard under outcomes/${chunkKey(w, c)} is missing`,
      )
    }
  }
}

/** The texts of the files, in pieces. */
interface ResultFiles {
  log: Iterable<string>
  results: Iterable<string>
  resourceList: Iterable<string>
  operations: Iterable<string>
  volumes: Iterable<string>
}

async function putFiles({ store, admission }: Session, presence: Presence, files: ResultFiles): Promise<void> {
  const { name } = admission.restore
  const put = async (key: string, text: Iterable<string>) => {
    const body = await gzipOf(text)
    // The bucket does not know of Leases: this is asked when a request goes out.
    await store.put(key, body, { assertMayWrite: () => presence.assertMayWrite() })
  }
  const texts: [key: string, text: Iterable<string>][] = [
    [restoreLogKey(name), files.log],
    [restoreResultsKey(name), files.results],
    [restoreResourceListKey(name), files.resourceList],
    [restoreItemOperationsKey(name), files.operations],
  ]
  // Velero wrote it when the items were restored, and nothing adds to it later.
  if (admission.inherited !== true) texts.push([restoreVolumeInfoKey(name), files.volumes])
  await inFlight(texts, texts.length, ([key, text]) => put(key, text))
}
