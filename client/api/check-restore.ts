import { ApiError } from '../../core/port-errors.ts'
import { admitRequest } from '../../core/request/admit-request.ts'
import { backupNameOf, configMapNamesOf } from '../../core/request/admission-facts.ts'
import { itemOperationTimeout } from '../../velero/defaults.ts'
import type { Backup, BackupStorageLocation } from '../../velero/backup.ts'
import { scheduleNameLabel } from '../../velero/labels.ts'
import type { Manifest } from '../../velero/manifest.ts'
import type { Restore } from '../../velero/restore.ts'
import { ClientError } from './client-error.ts'
import type { Connections } from './connections.ts'
import { exitCodes } from '../cli/exit-codes.ts'
import { noSuch } from './no-such.ts'
import { listVelero, namesOf, veleroRef } from './velero-objects.ts'

/**
 * Refuses, before anything is created, what the worker would end as FailedValidation: a backup or schedule that is not
 * there, with the nearest names, and whatever Velero's rules of validation find. Where the user may not read what the
 * rules look at, nothing is refused: the worker decides. Whether a location is available is the worker's to say, too.
 */
export async function checkRestore(connections: Connections, restore: Restore): Promise<void> {
  const { spec } = restore
  const backups = await scheduleBackups(connections, spec.scheduleName)
  const name = backupNameOf(spec, backups)
  const backup = name === undefined ? undefined : await requireBackup(connections, name)
  if (backup === 'unreadable') return
  const names = configMapNamesOf(spec)
  const modifierConfigMap = await configMap(connections, names.modifiers)
  const policyConfigMap = await configMap(connections, names.policy)
  if (modifierConfigMap === 'unreadable' || policyConfigMap === 'unreadable') return
  const verdict = admitRequest({
    restore: { namespace: connections.namespace, name: restore.metadata.name },
    spec,
    scheduleBackups: backups,
    backup,
    location: availableLocation(backup?.spec.storageLocation ?? ''),
    modifierConfigMap,
    policyConfigMap,
    defaultItemOperationTimeout: itemOperationTimeout,
  })
  if (verdict.do === 'admit') return
  throw new ClientError(exitCodes.error, `the restore would not be valid: ${verdict.validationErrors.join('; ')}`)
}

async function scheduleBackups(connections: Connections, schedule: string | undefined): Promise<Backup[] | undefined> {
  if (schedule === undefined || schedule === '') return undefined
  const found = await readable(() => listVelero(connections, 'backups', `${scheduleNameLabel}=${schedule}`))
  if (found === 'unreadable') return undefined
  if (found.length > 0) return found as unknown as Backup[]
  const schedules = await namesOf(connections, 'schedules')
  if (!schedules.includes(schedule))
    throw noSuch('schedule', schedule, { namespace: connections.namespace, names: schedules })
  throw new ClientError(exitCodes.notFound, `No backups found for the schedule ${schedule}`)
}

async function requireBackup(connections: Connections, name: string): Promise<Backup | 'unreadable'> {
  const { connection, namespace } = connections
  const found = await readable(() => connection.cluster.get({ ...veleroRef('backups'), namespace, name }))
  if (found !== undefined) return found as unknown as Backup | 'unreadable'
  throw noSuch('backup', name, { namespace, names: await namesOf(connections, 'backups') })
}

async function configMap(
  { connection, namespace }: Connections,
  name: string | undefined,
): Promise<Manifest | undefined | 'unreadable'> {
  if (name === undefined) return undefined
  return readable(() => connection.cluster.get({ group: '', version: 'v1', resource: 'configmaps', namespace, name }))
}

async function readable<T>(read: () => Promise<T>): Promise<T | 'unreadable'> {
  try {
    return await read()
  } catch (thrown) {
    if (thrown instanceof ApiError && thrown.code === 403) return 'unreadable'
    throw thrown
  }
}

/** Stands for the location, which the client does not judge. */
function availableLocation(name: string): BackupStorageLocation {
  return {
    apiVersion: 'velero.io/v1',
    kind: 'BackupStorageLocation',
    metadata: { name },
    spec: { provider: '' },
    status: { phase: 'Available' },
  }
}
