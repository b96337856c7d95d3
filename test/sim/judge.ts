import type { Outcome } from '../../core/items/outcome.ts'
import { isSweptByVelero } from '../../core/results/restore-status.ts'
import { restoreUidLabel } from '../../velero/labels.ts'
import type { Manifest } from '../../velero/manifest.ts'
import { isTerminal } from '../../velero/phases.ts'
import { differences } from '../activities/crash/end-state.ts'
import type { EndState } from '../activities/crash/end-state.ts'
import { name, ref } from '../activities/crash/restore-in-memory.ts'
import { workflowId } from './simulate.ts'
import type { Simulated } from './simulate.ts'
import type { Disturbance } from './disturbances.ts'
import type { SeenWrite } from './workers.ts'

/** What is wrong with a simulated restore, each in a line; nothing where it came to its right end. */
export function judge(run: Simulated, undisturbed: Simulated): string[] {
  const { end, restore } = run
  if (end === undefined || undisturbed.end === undefined) return ['it does not end']
  const always = [...deadWrites(run), ...lateWrites(run), ...createdTwice(run), ...commandsTwice(run)]
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

/** Objects that were made a second time: of those that stand there, none was deleted meanwhile. */
function createdTwice({ world }: Simulated): string[] {
  const again = [...world.cluster.state().made].filter(([place, times]) => times > 1 && !place.includes('*'))
  return again.map(([place, times]) => `made ${times} times: ${place}`)
}

function commandsTwice({ world }: Simulated): string[] {
  const counts = Map.groupBy(world.exec.ran, (command) => command)
  return [...counts].filter(([, all]) => all.length > 1).map(([command, all]) => `run ${all.length} times: ${command}`)
}

const isMarked = ({ metadata }: Manifest) => metadata.labels?.['velero.io/restore-name'] === name
const isCompanion = ({ metadata }: Manifest) => metadata.labels?.[restoreUidLabel] === ref.uid

/** Objects of this restore of which its journal does not say that it made them. */
function unexplained({ world, end }: Simulated): string[] {
  const outcomes = Object.values((end?.journal['outcomes'] ?? {}) as Record<string, Outcome>)
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
  if (!isCancelled) return [`it failed: ${reason}`]
  const status = server.statusOf(workflowId)
  if (!reason.startsWith('cancelled: ')) return [`it was cancelled, and failed: ${reason}`]
  return status === 'CANCELLED' || status === 'TERMINATED' ? [] : [`it is cancelled, and its workflow ${status}`]
}

/**
 * Where it differs from an undisturbed restore. A disturbance may bring one difference with it, and no other: a hook whose
 * worker is lost while it runs is an error that says so (rule 12), and its command may not have run.
 */
function comparison(run: Simulated, end: EndState, undisturbed: EndState): string[] {
  const part = ({ objects, files, ran }: EndState) => ({ objects: withoutOwn(objects), files: withoutLog(files), ran })
  const actual = part(end)
  const lost = losesHooks(run) ? takeLostHooks(actual) : []
  const found = differences(actual, part(undisturbed))
  return found.filter((line) => !lost.some((container) => isCommandIn(container, line))).slice(0, 12)
}

const lostHook = /^hook .+ in container (\S+) may have run: its worker vanished while it ran in pod /

/** Whether something has happened that may end a hook, or the worker that runs it. */
function losesHooks({ disturbances, workers }: Simulated): boolean {
  const isEnd = (one: Disturbance) => one.kind === 'worker' || (one.kind === 'other' && one.event === 'terminate')
  return disturbances.some(isEnd) || workers.happened.some((one) => one.startsWith('death '))
}

/** Takes lost hooks out of the result file and the counts of the Restore; returns their containers. */
function takeLostHooks({
  files,
  objects,
}: {
  files: Record<string, unknown>
  objects: Record<string, unknown>
}): string[] {
  const lost: string[] = []
  for (const [key, content] of Object.entries(files)) {
    if (!key.endsWith('-results.gz')) continue
    const results = structuredClone(content) as { errors?: { namespaces?: Record<string, string[]> } }
    files[key] = results
    for (const [namespace, lines] of Object.entries(results.errors?.namespaces ?? {})) {
      lost.push(...lines.flatMap((line) => lostHook.exec(line)?.slice(1) ?? []))
      Object.assign(results.errors?.namespaces ?? {}, { [namespace]: lines.filter((line) => !lostHook.test(line)) })
    }
  }
  const at = Object.keys(objects).find((place) => place.startsWith('Restore '))
  const status = at === undefined ? undefined : (objects[at] as { errors?: number; hookStatus?: HookStatus })
  if (at === undefined || status === undefined || lost.length === 0) return lost
  const { hooksFailed = 0, ...hooks } = status.hookStatus ?? {}
  const failed = hooksFailed - lost.length
  const hookStatus = failed === 0 ? hooks : { ...hooks, hooksFailed: failed }
  objects[at] = { ...status, errors: (status.errors ?? 0) - lost.length, hookStatus }
  return lost
}

interface HookStatus {
  hooksAttempted?: number
  hooksFailed?: number
}

function isCommandIn(container: string, line: string): boolean {
  return line.startsWith('ran > ') && line.includes(` ${container}: `) && line.endsWith(': undefined instead of 1')
}

/** The Restore is judged by its phase and counts; what its annotations hold differs. */
function withoutOwn(objects: EndState['objects']): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(objects).map(([place, object]) => {
      if (!place.startsWith('Restore ')) return [place, object]
      const { status } = object as { status?: Record<string, unknown> }
      return [place, { ...status, warnings: status?.['warnings'] ?? 0 }]
    }),
  )
}

/** The log tells what was tried again. */
function withoutLog(files: EndState['files']): Record<string, unknown> {
  return Object.fromEntries(Object.entries(files).filter(([key]) => !key.endsWith('-logs.gz')))
}
