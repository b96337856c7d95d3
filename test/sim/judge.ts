import { gunzipSync } from 'node:zlib'
import type { Outcome } from '../../core/items/outcome.ts'
import { runOf } from '../../core/request/decide-retry.ts'
import { isSweptByVelero } from '../../core/results/restore-status.ts'
import { restoreUidLabel, retryRefusedAnnotation } from '../../velero/labels.ts'
import type { Manifest } from '../../velero/manifest.ts'
import { journalFolder } from '../../velero/object-keys.ts'
import { isTerminal } from '../../velero/phases.ts'
import type { Restore } from '../../velero/restore.ts'
import { name, ref } from '../activities/crash/restore-in-memory.ts'
import { comparison } from './compare.ts'
import { tarballWith, tarballsOf } from './others/other-tarball.ts'
import { workflowId } from './simulate.ts'
import type { Simulated } from './simulate.ts'
import type { SeenWrite } from './workers.ts'

/** What is wrong with a simulated restore, each in a line; nothing where it came to its right end. */
export function judge(run: Simulated, undisturbed: Simulated): string[] {
  const { end, restore } = run
  if (end === undefined || undisturbed.end === undefined) return ['it does not end']
  const always = [
    ...deadWrites(run),
    ...lateWrites(run),
    ...createdTwice(run),
    ...commandsTwice(run),
    ...writesIntoHeld(run),
    ...outOfOrder(run),
    ...ofOtherTarball(run),
    ...run.workers.begunLate,
    ...run.lost,
  ]
  if (restore === undefined) return always
  const { status = {} } = restore
  if (!isTerminal(status.phase) || isSweptByVelero(status)) always.push(`its phase is ${status.phase}`)
  if (status.phase === 'Failed') return [...always, ...ifFailed(run)]
  return [...always, ...unexplained(run), ...comparison(run, end, undisturbed.end)]
}

/** The activities of which two attempts never write at the same time: each waits for the one before (rule 7). */
const fenced = ['restoreChunk', 'runHooks', 'awaitPodVolumes', 'pollOperations', 'finalizeRestore']

/** Writes of an attempt after a later one of the same activity has written. */
function deadWrites({ workers }: Simulated): string[] {
  const last = new Map<string, SeenWrite>()
  const found: string[] = []
  for (const write of workers.writes) {
    if (!fenced.includes(write.activity) || write.port !== 'cluster') continue
    const before = last.get(write.activityId)
    if (before !== undefined && before.attempt > write.attempt)
      found.push(
        `after the fence of attempt ${before.attempt} attempt ${write.attempt} of ${write.activity} wrote: ${write.call}`,
      )
    else last.set(write.activityId, write)
  }
  return found
}

/** Writes into the cluster after the terminal phase; the Restore and its Events are told of afterwards. */
function lateWrites({ workers, endedAtMs = Infinity }: Simulated): string[] {
  const isOwn = ({ call }: SeenWrite) => /restores\.velero\.io|events\.events/.test(call)
  const late = workers.writes.filter(
    (write) => write.atMs > endedAtMs && (write.port === 'cluster' || write.port === 'exec') && !isOwn(write),
  )
  return late.map(
    ({ call, activity, attempt, atMs }) =>
      `${atMs - endedAtMs} ms after the end ${activity} (attempt ${attempt}) wrote: ${call}`,
  )
}

/** Objects that were made a second time, names that the server makes aside. */
function createdTwice({ world }: Simulated): string[] {
  const isAgain = (place: string, times: number) => times > 1 && !place.includes('*')
  const again = [...world.cluster.state().made].filter(([place, times]) => isAgain(place, times))
  return again.map(([place, times]) => `made ${times} times: ${place}`)
}

function commandsTwice({ world }: Simulated): string[] {
  const counts = Map.groupBy(world.exec.ran, (command) => command)
  return [...counts].filter(([, all]) => all.length > 1).map(([command, all]) => `run ${all.length} times: ${command}`)
}

/** Writes of items into the namespace while another restore holds it (rule 9). */
function writesIntoHeld({ workers, held }: Simulated): string[] {
  const isHeld = (atMs: number) => held.some(({ fromMs, toMs }) => fromMs < atMs && atMs < toMs)
  const writes = workers.writes.filter(
    ({ activity, port, call, atMs }) =>
      activity === 'restoreChunk' && port === 'cluster' && / shop\//.test(call) && isHeld(atMs),
  )
  return writes.map(
    ({ call, activity, attempt }) => `while another restore holds it ${activity} (attempt ${attempt}) wrote: ${call}`,
  )
}

/** A claim is made before its pod, wherever the order of resources has it (rule 11). */
function outOfOrder({ workers }: Simulated): string[] {
  const first = (call: string) => workers.writes.findIndex((write) => write.call === call)
  const [claim, pod] = [first('create persistentvolumeclaims shop/data'), first('create pods shop/web')]
  return pod !== -1 && (claim === -1 || claim > pod) ? ['the pod was made before its claim'] : []
}

/** All items are of the tarball that the plan was made of, and no run begins where it was replaced (rule 10). */
function ofOtherTarball({ world, restore, lastWithTarball = Infinity }: Simulated): string[] {
  const tarballs = tarballsOf(world)
  const plan = contentOf<{ etag: string }>(world.buckets.objects('backups').get(`${folderOf(restore)}plan.json.gz`))
  const isOfOther = plan !== undefined && tarballs.some((one) => one !== tarballWith(plan.etag))
  const isRunWithOther = restore !== undefined && runOf(restore) > lastWithTarball
  return [
    ...(isOfOther ? ['items of another tarball than the plan were restored'] : []),
    ...(isRunWithOther ? ['a retry has begun though its tarball was replaced'] : []),
  ]
}

/** The folder of the journal of the last run. */
function folderOf(restore: Restore | undefined): string {
  return journalFolder(name, ref.uid, restore === undefined ? 1 : runOf(restore))
}

/** What a shard of the journal holds. */
function contentOf<T>(shard: Buffer | undefined): T | undefined {
  return shard === undefined ? undefined : (JSON.parse(gunzipSync(shard).toString('utf8')) as { content: T }).content
}

const isMarked = ({ metadata }: Manifest) => metadata.labels?.['velero.io/restore-name'] === name
const isCompanion = ({ metadata }: Manifest) => metadata.labels?.[restoreUidLabel] === ref.uid

/** Objects of this restore of which the journal of its last run does not say that it made them. */
function unexplained({ world, restore }: Simulated): string[] {
  const folder = `${folderOf(restore)}outcomes/`
  const shards = [...world.buckets.objects('backups')].filter(([key]) => key.startsWith(folder))
  const outcomes = shards.flatMap(([, body]) => contentOf<Outcome[]>(body) ?? [])
  const told = new Set(outcomes.flatMap(({ object }) => (object === undefined ? [] : [object.uid])))
  const made = world.cluster.objects().filter((object) => isMarked(object) && !isCompanion(object))
  return made
    .filter(({ metadata }) => !told.has(metadata.uid ?? ''))
    .map(({ kind, metadata }) => `no outcome explains ${kind} ${metadata.namespace ?? ''}/${metadata.name}`)
}

/** A restore that has failed was cancelled, or says why; its workflow is closed so. */
function ifFailed({ restore, server, disturbances }: Simulated): string[] {
  const reason = restore?.status?.failureReason ?? ''
  const isCancelled = disturbances.some(
    (one) => one.kind === 'other' && (one.event === 'cancel' || one.event === 'delete'),
  )
  // A worker that has not read the tarball yet when it is replaced finds another one than the plan was made of.
  const changedWords = 'was replaced since the restore began'
  const isReplaced = disturbances.some(
    (one) => one.kind === 'other' && (one.event === 'replace-backup' || one.event === 'retry-replaced'),
  )
  if (isReplaced && reason.includes(changedWords)) return []
  if (!isCancelled) return [`it failed: ${reason}`]
  // A retry that is refused changes nothing of how the restore has ended: its execution of the workflow completes.
  const refused = restore?.metadata.annotations?.[retryRefusedAnnotation] ?? ''
  const isRefused = isReplaced && refused.endsWith('was replaced since the restore was planned')
  const status = server.closingsOf(workflowId).findLast((one) => !isRefused || one !== 'COMPLETED')
  if (!reason.startsWith('cancelled: ')) return [`it was cancelled, and failed: ${reason}`]
  return status === 'CANCELLED' || status === 'TERMINATED' ? [] : [`it is cancelled, and its workflow ${status}`]
}
