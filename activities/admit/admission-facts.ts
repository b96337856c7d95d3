import { refusalOf } from '../../core/port-errors.ts'
import { backupNameOf, configMapNamesOf, locationNameOf } from '../../core/request/admission-facts.ts'
import type { AdmissionFacts } from '../../core/request/admission-facts.ts'
import { restoresCrd, veleroApiOf } from '../../core/request/velero-api.ts'
import { veleroControllersOf } from '../../core/request/take-over.ts'
import { scheduleNameLabel } from '../../velero/labels.ts'
import type { Backup, BackupStorageLocation } from '../../velero/backup.ts'
import type { Manifest } from '../../velero/manifest.ts'
import type { Restore, VeleroApi } from '../../velero/restore.ts'
import type { Cluster } from '../ports.ts'
import type { Settings } from '../settings.ts'

/** Reads what the rules of admission need. An object that the API server refuses to return is a fact with its reason. */
export async function gatherAdmissionFacts(
  cluster: Cluster,
  restore: Restore,
  settings: Settings,
): Promise<AdmissionFacts> {
  const namespace = restore.metadata.namespace ?? settings.veleroNamespace
  const { spec } = restore
  const get = (group: string, resource: string, name: string) =>
    readOrRefusal(() => cluster.get({ group, version: 'v1', resource, namespace, name }))

  const getBackup = async () => {
    const scheduleBackups = await readScheduleBackups(cluster, namespace, spec.scheduleName)
    const backupName = backupNameOf(spec, scheduleBackups)
    const backup = backupName === undefined ? undefined : await get('velero.io', 'backups', backupName)
    const location =
      backup === undefined || 'error' in backup
        ? undefined
        : await get('velero.io', 'backupstoragelocations', locationNameOf(backup as unknown as Backup))
    return { scheduleBackups, backup, location }
  }
  const names = configMapNamesOf(spec)
  const getConfig = async (name: string | undefined) => (name === undefined ? undefined : get('', 'configmaps', name))
  const [{ scheduleBackups, backup, location }, modifiers, policies, fallback, api] = await Promise.all([
    getBackup(),
    getConfig(names.modifiers),
    getConfig(names.policy),
    readDefaultModifiers(spec, settings.defaultModifiers, (name) => get('', 'configmaps', name)),
    readVeleroApi(cluster),
  ])
  return {
    restore: { namespace, name: restore.metadata.name, annotations: restore.metadata.annotations },
    ...(fallback === undefined ? {} : { defaultModifiers: fallback }),
    api,
    spec,
    scheduleBackups,
    backup: backup as Backup | { error: string } | undefined,
    location: location as BackupStorageLocation | { error: string } | undefined,
    modifierConfigMap: modifiers === undefined || 'error' in modifiers ? undefined : modifiers,
    policyConfigMap: policies,
    actingUser: settings.actingUser,
    policy: settings.policy,
    defaultItemOperationTimeout: settings.itemOperationTimeout,
  }
}

async function readDefaultModifiers(
  { resourceModifier }: Restore['spec'],
  name: string,
  read: (name: string) => Promise<Manifest | undefined | { error: string }>,
): Promise<AdmissionFacts['defaultModifiers']> {
  if (name === '' || resourceModifier) return undefined
  const found = await read(name)
  return { name, configMap: found === undefined || 'error' in found ? undefined : found }
}

/** The API by its CRD. A worker without the right to read it takes it for v1.18's. */
export async function readVeleroApi(cluster: Cluster): Promise<VeleroApi | undefined> {
  const crd = await readOrRefusal(() => cluster.get(restoresCrd))
  return crd === undefined || 'error' in crd ? undefined : veleroApiOf(crd)
}

async function readScheduleBackups(
  cluster: Cluster,
  namespace: string,
  schedule: string | undefined,
): Promise<AdmissionFacts['scheduleBackups']> {
  if (schedule === undefined || schedule === '') return undefined
  const labelSelector = `${scheduleNameLabel}=${schedule}`
  const listed = await readOrRefusal(() =>
    cluster.list({ group: 'velero.io', version: 'v1', resource: 'backups' }, { namespace, labelSelector }),
  )
  return listed as unknown as AdmissionFacts['scheduleBackups']
}

/** The result of a read, or the text of its refusal; transient failures are thrown. */
async function readOrRefusal<T extends Manifest | undefined | Manifest[]>(
  read: () => Promise<T>,
): Promise<T | { error: string }> {
  try {
    return await read()
  } catch (thrown) {
    return { error: refusalOf(thrown).message }
  }
}

/** Whether Velero's own restore controllers run: as the setting says, or as Deployment `velero` says where it is `auto`. */
export async function readVeleroControllers(
  cluster: Cluster,
  settings: Pick<Settings, 'veleroControllers' | 'veleroNamespace'>,
): Promise<'on' | 'off'> {
  if (settings.veleroControllers !== 'auto') return settings.veleroControllers
  const { veleroNamespace: namespace } = settings
  const deployment = { group: 'apps', version: 'v1', resource: 'deployments', namespace, name: 'velero' }
  return veleroControllersOf(await cluster.get(deployment))
}
