import { restoreAnnotations } from '../../../core/asked/annotations.ts'
import { isPlanAsked } from '../../../core/preview/is-plan-asked.ts'
import { backupMark, kindsText, whyStale } from '../../../core/preview/plan-file.ts'
import type { PlanFile } from '../../../core/preview/plan-file.ts'
import { ApiError } from '../../../core/port-errors.ts'
import { veleroControllersOf } from '../../../core/request/take-over.ts'
import { sha256Hex } from '../../../core/values/derived-names.ts'
import type { Backup } from '../../../velero/backup.ts'
import { fromPlanAnnotation, lastAppliedAnnotation, planAnnotation } from '../../../velero/labels.ts'
import { restorePlanKey } from '../../../velero/object-keys.ts'
import type { Restore, RestoreSpec } from '../../../velero/restore.ts'
import type { Connections } from '../connections.ts'
import type { ReadOptions } from '../download-file.ts'
import { ClientError, exitCodes } from '../errors.ts'
import { damagedFile, readOwnFile } from '../read-result-file.ts'
import { isOver, requireRestore, veleroRef } from '../velero-objects.ts'

/** Reads what a plan came to. Throws a `ClientError` where the Restore is no plan, or is not over yet. */
export async function readPlan(
  connections: Connections,
  restore: Restore,
  options: ReadOptions = {},
): Promise<PlanFile> {
  const { name, annotations } = restore.metadata
  if (!isPlanAsked(annotations?.[planAnnotation]))
    throw new ClientError(exitCodes.error, `Restore "${name}" is a restore and no plan`)
  const key = restorePlanKey(name)
  const text = await readOwnFile(connections, restore, key, options)
  if (text === undefined) throw new ClientError(exitCodes.error, whyMissing(restore), { code: 'NOT_WRITTEN' })
  try {
    return JSON.parse(text) as PlanFile
  } catch (thrown) {
    throw damagedFile(key, thrown)
  }
}

function whyMissing(restore: Restore): string {
  const { metadata, status = {} } = restore
  if (!isOver(restore)) return `plan "${metadata.name}" is not made yet: it is ${status.phase || 'New'} now`
  const why = status.failureReason ?? status.validationErrors?.join('; ')
  return `plan "${metadata.name}" ended ${status.phase ?? ''} and says nothing${why === undefined ? '' : `: ${why}`}`
}

/**
 * Throws a `ClientError` where Velero's own restore controllers run: they do not know of plans, and would restore. A user who
 * may not read the Deployment is taken at their word.
 */
export async function requireNoVeleroControllers({ connection, namespace }: Connections): Promise<void> {
  const deployment = { group: 'apps', version: 'v1', resource: 'deployments', namespace, name: 'velero' }
  const found = await connection.cluster.get(deployment).catch((thrown: unknown) => {
    if (thrown instanceof ApiError && thrown.code === 403) return undefined
    throw thrown
  })
  if (veleroControllersOf(found) === 'off') return
  const problem = `the Velero server in namespace ${namespace} restores itself, and would carry out the plan at once`
  throw new ClientError(exitCodes.error, `${problem}: turn its restore controllers off (drydock doctor says how)`)
}

/** What the Restore that carries out a plan has of it: the spec, and the annotation that names the plan. */
export interface PlannedRequest {
  spec: RestoreSpec
  annotations: Record<string, string>
}

/**
 * The request that carries out a plan: exactly its selection, of the same backup. Throws a `ClientError` with one sentence
 * where the plan does not hold any more, since the backup or the kinds of the cluster have changed.
 */
export async function requestOfPlan(
  connections: Connections,
  name: string,
  options: ReadOptions = {},
): Promise<PlannedRequest> {
  const { connection, namespace } = connections
  const restore = await requireRestore(connections, name)
  const file = await readPlan(connections, restore, options)
  const backup = await connection.cluster.get({ ...veleroRef('backups'), namespace, name: file.backup.name })
  const stale = whyStale(file, {
    backup: backup === undefined ? undefined : backupMark(backup as unknown as Backup),
    cluster: { id: connection.cluster.id, kinds: sha256Hex(kindsText(await connection.cluster.discover())) },
  })
  if (stale !== undefined) throw new ClientError(exitCodes.error, stale, { code: 'INVALID_RESTORE' })
  // The plan of a schedule is one of the backup that was its newest then. What validation has added is added again.
  const { scheduleName: _schedule, ...spec } = restore.spec
  return {
    spec: { ...spec, backupName: file.backup.name },
    annotations: { ...askedAnnotations(restore), [fromPlanAnnotation]: `${name}/${file.plan.uid}` },
  }
}

/** What a run or a client has written on the Restore of a plan, and what is about that run alone. */
const ofTheRun: readonly string[] = [
  lastAppliedAnnotation,
  ...restoreAnnotations.flatMap(({ name, isOfTheRun }) => (isOfTheRun ? [name] : [])),
]

/** The annotations by which a user says more about a restore: they hold for the restore that carries out the plan. */
export function askedAnnotations({ metadata }: Pick<Restore, 'metadata'>): Record<string, string> {
  const all = Object.entries(metadata.annotations ?? {})
  return Object.fromEntries(all.filter(([key]) => !ofTheRun.includes(key)))
}
