import { actingUser } from '../../core/asked/acting-user.ts'
import type { Ports } from '../ports.ts'
import type { Settings } from '../settings.ts'
import type { StoredAdmission } from './journal.ts'

/** The ports by which a restore writes what it restores: as the user whom Restore or worker name, or as the worker itself. */
export function actingFor(
  ports: Ports,
  settings: Pick<Settings, 'actingUser'>,
  { restore }: Pick<StoredAdmission, 'restore'>,
): Ports {
  const user = actingUser(restore.annotations, settings.actingUser)
  if (user === undefined) return ports
  return {
    ...ports,
    cluster: ports.cluster.as(user),
    exec: { run: (command, options) => ports.exec.run(command, { ...options, as: user }) },
  }
}
