import { runOf } from '../../core/request/decide-retry.ts'
import { differences } from '../activities/crash/end-state.ts'
import type { EndState } from '../activities/crash/end-state.ts'
import type { Disturbance } from './disturbances.ts'
import { asOfFirst } from './others/other-tarball.ts'
import type { Simulated } from './simulate.ts'

/**
 * Where it differs from an undisturbed restore. A disturbance may bring one difference with it, and no other: a hook whose
 * worker is lost while it runs is an error that says so (rule 12), and its command may not have run.
 */
export function comparison(run: Simulated, end: EndState, undisturbed: EndState): string[] {
  const isRetried = run.restore !== undefined && runOf(run.restore) > 1
  const part = ({ objects, files, ran }: EndState) => {
    const parts = { objects: asOfFirst(withoutOwn(objects)), files: withoutLog(files), ran }
    return isRetried ? ofAnyRun(parts) : parts
  }
  const actual = part(end)
  const lost = losesHooks(run) ? takeLostHooks(actual) : []
  return differencesBeside(lost, actual, part(undisturbed))
}

/** The first differences, but for commands that did not run in containers whose hooks were lost. */
export function differencesBeside(lost: readonly string[], actual: object, expected: object): string[] {
  const found = differences(actual, expected)
  return found.filter((line) => !lost.some((container) => isCommandIn(container, line))).slice(0, 12)
}

const lostHook = /^hook .+ in container (\S+) may have run: its worker vanished while it ran in pod /

/** Whether something has happened that may end a hook, or the worker that runs it. */
function losesHooks({ disturbances, workers }: Simulated): boolean {
  const isEnd = (one: Disturbance) => one.kind === 'worker' || (one.kind === 'other' && one.event === 'terminate')
  return disturbances.some(isEnd) || workers.happened.some((one) => one.startsWith('death '))
}

/** Takes lost hooks out of the result file, the counts and the phase of the Restore; returns their containers. */
export function takeLostHooks({
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
    const byNamespace = results.errors?.namespaces ?? {}
    for (const [namespace, lines] of Object.entries(byNamespace)) {
      const found = lines.flatMap((line) => lostHook.exec(line)?.slice(1) ?? [])
      if (found.length === 0) continue
      lost.push(...found)
      byNamespace[namespace] = lines.filter((line) => !lostHook.test(line))
      if (byNamespace[namespace].length === 0) delete byNamespace[namespace]
      if (Object.keys(byNamespace).length === 0) delete results.errors?.namespaces
    }
  }
  const at = Object.keys(objects).find((place) => place.startsWith('Restore '))
  const status = at === undefined ? undefined : (objects[at] as LostStatus)
  if (at === undefined || status === undefined || lost.length === 0) return lost
  const { hooksFailed = 0, ...hooks } = status.hookStatus ?? {}
  const failed = hooksFailed - lost.length
  const hookStatus = failed === 0 ? hooks : { ...hooks, hooksFailed: failed }
  const errors = (status.errors ?? 0) - lost.length
  const isRight = errors === 0 && status.phase === 'PartiallyFailed'
  objects[at] = { ...status, errors, hookStatus, ...(isRight ? { phase: 'Completed' } : {}) }
  return lost
}

interface LostStatus {
  phase?: string
  errors?: number
  hookStatus?: HookStatus
}

interface HookStatus {
  hooksAttempted?: number
  hooksFailed?: number
}

function isCommandIn(container: string, line: string): boolean {
  return line.startsWith('ran > ') && line.includes(` ${container}: `) && line.endsWith(': undefined instead of 1')
}

/** The orders of a retry have names of its own; those that a run before has called off stay called off. */
function ofAnyRun({ objects, files, ran }: Pick<EndState, 'objects' | 'files' | 'ran'>) {
  const isOrder = (place: string) => /^(DataDownload|PodVolumeRestore) /.test(place)
  const described = Object.entries(objects).flatMap(([place, object]) => {
    if (!isOrder(place)) return [[place, object] as const]
    const { kind, status } = object as { kind: string; status?: { phase?: string } }
    return status?.phase === 'Canceled' ? [] : [[kind, status] as const]
  })
  const text = JSON.stringify(files).replace(/(dd-[0-9a-f-]+\.)\.\d+/g, '$1')
  return { objects: Object.fromEntries(described), files: JSON.parse(text) as Record<string, unknown>, ran }
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

/** The log tells what was tried again, and the report how long it took; the tarball of the backup is nothing of the restore. */
function withoutLog(files: EndState['files']): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(files).filter(([key]) => !/-logs\.gz$|-report\.html$|^backups\/[^/]+\/[^/]+\.tar\.gz$/.test(key)),
  )
}
