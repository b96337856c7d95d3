import { faultOfPolicy, permitsOf } from '../../core/asked/restore-policy.ts'
import { chooseBackup } from '../../core/drill/choose-backup.ts'
import { drillFaults, scratchMapping } from '../../core/drill/drill-request.ts'
import { ArchiveError, isOfCopy } from '../../core/port-errors.ts'
import { locationNameOf } from '../../core/request/admission-facts.ts'
import { validLabelValue } from '../../core/values/derived-names.ts'
import type { Backup } from '../../velero/backup.ts'
import { scheduleNameLabel } from '../../velero/labels.ts'
import { readVeleroControllers } from '../admit/admission-facts.ts'
import type { Archive } from '../archive-port.ts'
import { entriesOf } from '../frame/archive-entries.ts'
import type { Cluster } from '../ports.ts'
import type { Settings } from '../settings.ts'
import { runDrillStep } from './drill-input.ts'
import type { DrillPorts, DrillRun } from './drill-input.ts'
import { inTarball } from './in-tarball.ts'
import type { ChosenBackup } from './in-tarball.ts'

/** The backup of a drill, or why it has none. */
export type DrillStart =
  | { do: 'refuse'; because: string; backup?: ChosenBackup }
  | {
      do: 'go'
      backup: ChosenBackup
      /** The scratch namespace of each namespace. */
      mapping: Record<string, string>
    }

/** Chooses the backup of a drill and the names of its scratch namespaces. The namespaces are those of the tarball, since that is what is restored. */
export function chooseDrillBackup(ports: DrillPorts, settings: Settings) {
  return (run: DrillRun): Promise<DrillStart> =>
    runDrillStep(ports, run, { doing: 'choosing the backup' }, async (attempt) => {
      const { request } = run
      const [fault] = drillFaults(request)
      if (fault !== undefined) return { do: 'refuse', because: fault }
      // Velero would restore without the isolation, which it does not know.
      if ((await readVeleroControllers(ports.cluster, settings)) === 'on')
        return {
          do: 'refuse',
          because: "Velero's own restore controllers are on: turn them off (drydock doctor says how)",
        }
      const chosen = chooseBackup(request, await readBackups(ports.cluster, run))
      if (chosen.do === 'refuse') return chosen
      const backup = { name: chosen.backup.metadata.name, location: locationNameOf(chosen.backup) }
      if (backup.location === '') return { do: 'refuse', because: `backup ${backup.name} names no location` }
      try {
        const scratch = scratchMapping(request, await inTarball(ports, { request, backup, attempt }, namespacesOf))
        if ('fault' in scratch) return { do: 'refuse', because: scratch.fault, backup }
        const because = whyNotPermitted(Object.values(scratch.mapping), settings)
        if (because !== undefined) return { do: 'refuse', because, backup }
        return { do: 'go', backup, mapping: scratch.mapping }
      } catch (thrown) {
        // What is told and kept of the drill is to name the backup.
        if (thrown instanceof ArchiveError && !isOfCopy(thrown))
          return { do: 'refuse', because: `backup ${backup.name} cannot be read: ${thrown.message}`, backup }
        throw thrown
      }
    })
}

/** Why the scratch namespaces are not made, which a restore of this worker may not write into; undefined where they are. */
function whyNotPermitted(scratch: readonly string[], { policy, actingUser }: Settings): string | undefined {
  const permits = permitsOf(policy, actingUser)
  const denied = scratch.find((namespace) => permits?.({ group: '', resource: 'namespaces', namespace }) === false)
  if (denied === undefined) return undefined
  return faultOfPolicy(policy, actingUser) ?? `the worker's policy does not let a drill make namespace ${denied}`
}

async function readBackups(cluster: Cluster, { request: { from, namespace } }: DrillRun): Promise<Backup[]> {
  const resource = { group: 'velero.io', version: 'v1', resource: 'backups' }
  if ('backup' in from) {
    const found = await cluster.get({ ...resource, namespace, name: from.backup })
    return found === undefined ? [] : [found as unknown as Backup]
  }
  const labelSelector = `${scheduleNameLabel}=${validLabelValue(from.schedule)}`
  return (await cluster.list(resource, { namespace, labelSelector })) as unknown as Backup[]
}

/** The namespaces that the items of a backup are in, and those that are items of it, sorted. */
function namespacesOf(archive: Archive): string[] {
  const namespaces = archive.entries.folders.flatMap(({ namespace }) => namespace ?? [])
  const items = [...entriesOf(archive, 'namespaces')].map(({ name }) => name)
  return [...new Set([...namespaces, ...items])].sort()
}
