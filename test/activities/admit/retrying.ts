import { ApiError } from '../../../core/port-errors.ts'
import { backupContentsKey } from '../../../velero/object-keys.ts'
import { archiveBody } from '../../ports/archives.ts'
import type { Around } from '../../ports/calls.ts'
import { startControllers } from '../../ports/controllers.ts'
import { createWorld } from '../../ports/world.ts'
import type { World } from '../../ports/world.ts'
import { backupName, items } from '../crash/backup.ts'
import { restoreAt, worldAt } from '../crash/restore-in-memory.ts'
import { runRestore } from './whole-restore.ts'

/** A restore that can complete: without the one ConfigMap of the backup that nobody can read. */
export async function newWorld(): Promise<World> {
  const world = createWorld(await worldAt('new'))
  const readable = items.filter(({ manifest }) => !('text' in manifest))
  world.buckets.place('backups', backupContentsKey(backupName), archiveBody(readable))
  startControllers(world)
  return world
}

/** An admission policy that denies some creates. */
export function denying(...denied: string[]): Around {
  return async (call, run) => {
    if (call.name === 'create' && denied.some((one) => call.on.startsWith(one)))
      throw new ApiError({ code: 403, reason: 'Forbidden', message: 'admission webhook "policy" denied the request' })
    return run()
  }
}

/** Adds annotations to the Restore. */
export function annotate(world: World, more: Record<string, string>): void {
  const { metadata } = world.cluster.look(restoreAt) ?? { metadata: { annotations: {} } }
  world.cluster.amend(restoreAt, { metadata: { ...metadata, annotations: { ...metadata.annotations, ...more } } })
}

/** Asks for a retry, and runs the restore again. */
export async function retried(world: World, token = 'one', around?: Around) {
  annotate(world, { 'drydock.io/retry': token })
  return runRestore(world, around === undefined ? {} : { around })
}

/** The annotations of the Restore. */
export const annotationsOf = (world: World) => world.cluster.look(restoreAt)?.metadata.annotations ?? {}
