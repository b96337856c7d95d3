import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { Plan } from '../../core/plan/plan.ts'
import { chunkKey, plannedKey } from '../../core/plan/plan.ts'
import { operationOutcomes } from '../../core/operations/operations.ts'
import { goJson } from '../../core/values/go-text.ts'
import { remarksOf } from '../../core/results/remarks.ts'
import { renderLog } from '../../core/results/render-log.ts'
import { countItems, renderResourceList, renderResults } from '../../core/results/render-results.ts'
import { mergeTallies, tallyOf } from '../../core/results/tally.ts'
import type { Tally } from '../../core/results/tally.ts'
import { countMessages } from '../../velero/results.ts'
import {
  restoreItemOperationsKey,
  restoreLogKey,
  restoreResourceListKey,
  restoreResultsKey,
  restoreVolumeInfoKey,
} from '../../velero/object-keys.ts'
import { runActivity } from '../frame/run-activity.ts'
import { assertUnderway } from '../frame/underway.ts'
import { journalDamaged } from '../frame/failures.ts'
import { readOutcomes } from '../frame/journal.ts'
import { readOperations } from '../operations/operation-shards.ts'
import { remarksReason } from '../../velero/labels.ts'
import { recordEvent } from '../frame/restore-resource.ts'
import type { Ports, Presence } from '../ports.ts'
import type { RestoreVolumeInfo } from '../../velero/volume-info.ts'
import type { AdmittedRef } from '../../contract/restore-workflow.ts'
import type { Session, WorkerParts } from '../frame/session.ts'
import { rfc3339 } from '../../velero/manifest.ts'
import { shards } from '../frame/journal.ts'
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
}

const deflate = promisify(gzip)

/** An attempt that was lost, in a worker that is frozen, must not put older files over those of its successor (rule 7). */
function frameOf({ ref }: ConcludeInput) {
  return { doing: `writing the result files of restore ${ref.name}`, scope: `${ref.uid}/conclude` }
}

/**
 * Writes the five result files from the journal, each as a whole, in Velero's order: log, results, resource list,
 * operations, volume info. It runs after the items are restored, and again when the finalization has added outcomes.
 */
export function concludeRestore({ ports, sessions }: Omit<WorkerParts, 'settings'>) {
  return (input: ConcludeInput): Promise<Conclusion> =>
    runActivity(ports.presence, frameOf(input), async () => {
      const session = await sessions.open(input.ref)
      await assertUnderway(ports.cluster, input.ref, { isReset: input.follows === true, lateResults: !input.complete })
      const plan = await session.journal.read<Plan>(shards.plan)
      const outcomes = await readOutcomes(session.journal, '')
      const restored = tallyOf([...outcomes, ...(plan?.notes ?? [])])
      if (input.complete && plan !== undefined) checkComplete(plan, restored, session)
      const operations = await readOperations(session.journal, restored)
      const tally = mergeTallies(restored, tallyOf(operationOutcomes(operations, restored)))
      const results = renderResults(tally)
      const leftOut = plan?.leftOut === undefined ? {} : { leftOut: plan.leftOut }
      const isEmpty = plan !== undefined && plan.waves.length === 0
      const about = { ...session.admission, endedAt: rfc3339(ports.clock.now()), ...leftOut, isEmpty }
      await putFiles(session, ports.presence, {
        log: `${await inheritedLog(session)}${renderLog(tally, about)}`,
        results: goJson(results),
        resourceList: goJson(renderResourceList(tally)),
        operations: goJson(operations),
        volumes: goJson(await volumeInfos(input, session, await gatherVolumeInfos(restored, session.ref, ports))),
      })
      await tellRemarks(remarksOf(tally, about), session, ports)
      return {
        items: countItems(tally),
        warnings: countMessages(results.warnings),
        errors: countMessages(results.errors),
        operations: operations.length,
      }
    })
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

/** The volume infos as they were when the items were restored, as in Velero, however often the files are written. */
async function volumeInfos(
  { complete }: ConcludeInput,
  { journal }: Session,
  gathered: RestoreVolumeInfo[],
): Promise<RestoreVolumeInfo[]> {
  return complete && gathered.length > 0 ? journal.writeOnce(shards.volumeInfos, gathered) : gathered
}

/** Throws where an item of the plan has no outcome: a missing shard never counts as success (rule 4). */
function checkComplete(plan: Plan, tally: Tally, session: Session): void {
  plan.waves.forEach((wave, w) =>
    wave.chunks.forEach((chunk, c) => {
      const missing = chunk.items.find((item) => !tally.has(plannedKey(wave.groupResource, item)))
      if (missing === undefined) return
      throw journalDamaged(
        `the journal of restore ${session.ref.name} (${session.ref.uid}) has no outcome of ${wave.groupResource} ` +
          `${missing.namespace ?? ''}/${missing.name}: a shard under outcomes/${chunkKey(w, c)} is missing`,
      )
    }),
  )
}

interface ResultFiles {
  log: string
  results: string
  resourceList: string
  operations: string
  volumes: string
}

async function putFiles({ store, admission }: Session, presence: Presence, files: ResultFiles): Promise<void> {
  const { name } = admission.restore
  const put = async (key: string, text: string) => {
    const body = await deflate(text)
    // The bucket does not know of Leases: this is asked when the write goes out.
    presence.assertMayWrite()
    await store.put(key, body)
  }
  await put(restoreLogKey(name), files.log)
  await put(restoreResultsKey(name), files.results)
  await put(restoreResourceListKey(name), files.resourceList)
  await put(restoreItemOperationsKey(name), files.operations)
  // Velero wrote it when the items were restored, and nothing adds to it later.
  if (admission.inherited !== true) await put(restoreVolumeInfoKey(name), files.volumes)
}
