import { taskQueueOf, workflowIdOf } from '../../contract/restore-workflow.ts'
import { hasSearchAttributes } from '../../contract/search-attributes.ts'
import { startRestoreWorkflow } from '../../contract/start-restore.ts'
import { ApiError, isAlreadyExists } from '../../core/port-errors.ts'
import { backupNameOf, configMapNamesOf } from '../../core/request/admission-facts.ts'
import { admitRequest } from '../../core/request/admit-request.ts'
import type { Backup, BackupStorageLocation } from '../../velero/backup.ts'
import { itemOperationTimeout } from '../../velero/defaults.ts'
import { scheduleNameLabel } from '../../velero/labels.ts'
import type { Manifest } from '../../velero/manifest.ts'
import type { Restore, RestoreSpec } from '../../velero/restore.ts'
import type { Connections } from './connections.ts'
import { ClientError, exitCodes, explainError } from './errors.ts'
import { listVelero, namesOf, notFoundError, refOf, veleroRef } from './velero-objects.ts'

/** A Restore that was created, and its workflow. */
export interface SubmittedRestore {
  restore: Restore
  workflowId: string
  /** Why the workflow could not be started; a worker starts it then. */
  notStarted?: string
}

/**
 * Checks a Restore, creates it and starts its workflow. Throws where the Restore is refused. Trouble with Temporal is not
 * an error but told in `notStarted`, since a worker starts the workflow of every Restore that it sees in the cluster.
 */
export async function submitRestore(connections: Connections, manifest: Restore): Promise<SubmittedRestore> {
  await checkRestore(connections, manifest)
  const restore = await createRestore(connections, manifest)
  const notStarted = await startWorkflow(connections, restore)
  return {
    restore,
    workflowId: workflowIdOf(refOf(connections, restore)),
    ...(notStarted === undefined ? {} : { notStarted }),
  }
}

/** What a Restore is made of; all but the spec and the namespace may be absent. */
export interface RestoreParts {
  spec: RestoreSpec
  name?: string | undefined
  namespace: string
  labels?: Record<string, string> | undefined
  annotations?: Record<string, string> | undefined
}

/** The manifest of a Restore. Without a name it is named like Velero's command line does: after its backup and the time. */
export function composeManifest(
  { spec, name, namespace, labels = {}, annotations = {} }: RestoreParts,
  now: Date,
): Restore {
  const source = spec.scheduleName === undefined || spec.scheduleName === '' ? spec.backupName : spec.scheduleName
  return {
    apiVersion: 'velero.io/v1',
    kind: 'Restore',
    metadata: {
      name: name ?? `${source ?? 'restore'}-${localTimestamp(now)}`,
      namespace,
      ...(Object.keys(labels).length === 0 ? {} : { labels }),
      ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
    },
    spec,
  }
}

/** `YYYYMMDDhhmmss` in local time. */
function localTimestamp(time: Date): string {
  const parts = [time.getMonth() + 1, time.getDate(), time.getHours(), time.getMinutes(), time.getSeconds()]
  return `${time.getFullYear()}${parts.map((part) => String(part).padStart(2, '0')).join('')}`
}

/**
 * Replaces the schedule of a spec by its newest backup that is Completed or PartiallyFailed, as the option
 * `--allow-partially-failed` of Velero does. Where there is no such backup the spec stays as it is, to be refused later.
 */
export async function useNewestBackup(connections: Connections, spec: RestoreSpec): Promise<RestoreSpec> {
  const { scheduleName, ...rest } = spec
  if (scheduleName === undefined) return spec
  const startedAt = ({ status }: Backup) => Date.parse(status?.startTimestamp ?? '') || 0
  const [newest] = (await listBackupsOf(connections, scheduleName))
    .filter(({ status }) => status?.phase === 'Completed' || status?.phase === 'PartiallyFailed')
    .sort((a, b) => startedAt(b) - startedAt(a))
  return newest === undefined ? spec : { ...rest, backupName: newest.metadata.name }
}

async function listBackupsOf(connections: Connections, schedule: string): Promise<Backup[]> {
  const listed = await listVelero(connections, 'backups', `${scheduleNameLabel}=${schedule}`)
  return listed as unknown as Backup[]
}

/**
 * Throws where a worker would end the Restore as FailedValidation, by the same rules: a backup or schedule that does not
 * exist, or a spec that is not valid. What the user may not read is left to the worker, and so is the question whether the
 * backup location is available.
 */
async function checkRestore(connections: Connections, { metadata, spec }: Restore): Promise<void> {
  const scheduleBackups = await readScheduleBackups(connections, spec.scheduleName)
  const name = backupNameOf(spec, scheduleBackups)
  const backup = name === undefined ? undefined : await requireBackup(connections, name)
  if (backup === 'forbidden') return
  const names = configMapNamesOf(spec)
  const modifierConfigMap = await readConfigMap(connections, names.modifiers)
  const policyConfigMap = await readConfigMap(connections, names.policy)
  if (modifierConfigMap === 'forbidden' || policyConfigMap === 'forbidden') return
  const verdict = admitRequest({
    restore: { namespace: connections.namespace, name: metadata.name },
    spec,
    scheduleBackups,
    backup,
    location: availableLocation(backup?.spec.storageLocation ?? ''),
    modifierConfigMap,
    policyConfigMap,
    defaultItemOperationTimeout: itemOperationTimeout,
  })
  if (verdict.do === 'admit') return
  throw new ClientError(exitCodes.error, `the restore would not be valid: ${verdict.validationErrors.join('; ')}`, {
    code: 'INVALID_RESTORE',
  })
}

async function readScheduleBackups(
  connections: Connections,
  schedule: string | undefined,
): Promise<Backup[] | undefined> {
  if (schedule === undefined || schedule === '') return undefined
  const backups = await unlessForbidden(() => listBackupsOf(connections, schedule))
  if (backups === 'forbidden') return undefined
  if (backups.length > 0) return backups
  const schedules = await namesOf(connections, 'schedules')
  if (!schedules.includes(schedule))
    throw notFoundError('schedule', schedule, { namespace: connections.namespace, names: schedules })
  throw new ClientError(exitCodes.notFound, `No backups found for the schedule ${schedule}`)
}

async function requireBackup(connections: Connections, name: string): Promise<Backup | 'forbidden'> {
  const { connection, namespace } = connections
  const found = await unlessForbidden(() => connection.cluster.get({ ...veleroRef('backups'), namespace, name }))
  if (found !== undefined) return found as unknown as Backup | 'forbidden'
  throw notFoundError('backup', name, { namespace, names: await namesOf(connections, 'backups') })
}

async function readConfigMap(
  { connection, namespace }: Connections,
  name: string | undefined,
): Promise<Manifest | undefined | 'forbidden'> {
  if (name === undefined) return undefined
  const ref = { group: '', version: 'v1', resource: 'configmaps', namespace, name }
  return unlessForbidden(() => connection.cluster.get(ref))
}

async function unlessForbidden<T>(read: () => Promise<T>): Promise<T | 'forbidden'> {
  try {
    return await read()
  } catch (thrown) {
    if (thrown instanceof ApiError && thrown.code === 403) return 'forbidden'
    throw thrown
  }
}

/** The location of the backup as if it were available. */
function availableLocation(name: string): BackupStorageLocation {
  return {
    apiVersion: 'velero.io/v1',
    kind: 'BackupStorageLocation',
    metadata: { name },
    spec: { provider: '' },
    status: { phase: 'Available' },
  }
}

/** With strict validation, as kubectl has it: the API server refuses a field that does not exist instead of dropping it. */
async function createRestore({ connection, namespace }: Connections, manifest: Restore): Promise<Restore> {
  try {
    const created = await connection.send({
      method: 'POST',
      path: `/apis/velero.io/v1/namespaces/${encodeURIComponent(namespace)}/restores`,
      query: { fieldManager: 'drydock-client', fieldValidation: 'Strict' },
      body: manifest,
    })
    return created as Restore
  } catch (thrown) {
    if (!isAlreadyExists(thrown)) throw thrown
    const name = JSON.stringify(manifest.metadata.name)
    throw new ClientError(exitCodes.error, `A restore ${name} exists already in namespace ${namespace}`, {
      code: 'ALREADY_EXISTS',
      cause: thrown,
    })
  }
}

/** Returns why the workflow could not be started, where that is so. */
async function startWorkflow(connections: Connections, restore: Restore): Promise<string | undefined> {
  const temporal = await connections.temporal()
  if (!temporal.reachable) return temporal.reason
  const ref = refOf(connections, restore)
  try {
    await startRestoreWorkflow(temporal.client, {
      ref,
      taskQueue: taskQueueOf(ref.cluster, ref.namespace),
      backup: restore.spec.backupName ?? restore.spec.scheduleName ?? '',
      tagged: await hasSearchAttributes(temporal.client, temporal.namespace),
    })
    return undefined
  } catch (thrown) {
    return explainError(thrown).line
  }
}
