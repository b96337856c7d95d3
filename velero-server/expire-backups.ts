import type { Backup, BackupStorageLocation } from '../velero/backup.ts'
import type { DeleteBackupRequest } from '../velero/delete-backup-request.ts'
import type { Restore } from '../velero/restore.ts'
import { workAlone } from './alone.ts'
import { decideExpiry, gcFailureLabel, requestFor } from './decide/expired-backups.ts'
import { repeat, serverFieldManager, veleroObject, veleroResource } from './ports.ts'
import type { ServerPorts } from './ports.ts'

/** As Velero's `--garbage-collection-frequency` is by default. */
const turnMs = 3_600_000

/** Requests the deletion of backups that have expired, once an hour. */
export async function expireBackups(ports: ServerPorts): Promise<void> {
  const alone = workAlone(ports.log, 'an expired backup could not be looked at', 'backup')
  await repeat({ ...ports, what: 'look for expired backups', everyMs: turnMs }, () =>
    lookOnce(ports, (name, work) => alone.on(name, work)),
  )
}

/** Looks at all Backups once. Safe to run twice: a Backup with an open request gets no other one. */
export async function lookOnce(
  ports: Pick<ServerPorts, 'cluster' | 'namespace' | 'clock' | 'log' | 'signal'>,
  each: (name: string, work: () => Promise<void>) => Promise<boolean>,
): Promise<void> {
  const list = async <T>(resource: string) =>
    (await ports.cluster.list(veleroResource(resource), { namespace: ports.namespace })) as unknown as T[]
  const locations = await list<BackupStorageLocation>('backupstoragelocations')
  const requests = await list<DeleteBackupRequest>('deletebackuprequests')
  const restores = await list<Restore>('restores')
  for (const backup of await list<Backup>('backups')) {
    if (ports.signal.aborted) return
    const location = locations.find(({ metadata }) => metadata.name === backup.spec.storageLocation)
    const decision = decideExpiry(backup, { location, requests, restores }, ports.clock.now())
    if (decision.do === 'leave') continue
    await each(backup.metadata.name, async () => {
      const label = decision.do === 'label' ? decision.label : null
      await setLabel(ports, backup, label)
      if (decision.do === 'label') return
      const options = { fieldManager: serverFieldManager }
      await ports.cluster.create(veleroResource('deletebackuprequests'), ports.namespace, requestFor(backup), options)
      ports.log.info('a backup has expired and is to be deleted', { backup: backup.metadata.name })
    })
  }
}

async function setLabel(
  ports: Pick<ServerPorts, 'cluster' | 'namespace'>,
  { metadata }: Backup,
  label: string | null,
): Promise<void> {
  if ((metadata.labels?.[gcFailureLabel] ?? null) === label) return
  const patch = { metadata: { uid: metadata.uid, labels: { [gcFailureLabel]: label } } }
  await ports.cluster.patch(veleroObject(ports, 'backups', metadata.name), patch, { fieldManager: serverFieldManager })
}
