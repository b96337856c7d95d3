import { createActivities } from '../../../activities/index.ts'
import type { Ports } from '../../../activities/ports.ts'
import { createWorld } from '../../ports/world.ts'
import type { World } from '../../ports/world.ts'
import { settings, worldAt } from '../crash/restore-in-memory.ts'
import { runAttempts } from '../crash/run-attempts.ts'
import { deletedOf, placeRequest } from '../crash/scenarios/backup-deletion.ts'

/** An object of Velero. */
export const at = (resource: string, name: string) => ({
  group: 'velero.io',
  version: 'v1',
  resource,
  namespace: 'velero',
  name,
})

/** A world with a backup, changed. */
export async function worldWith(...changes: ((world: World) => void)[]): Promise<World> {
  const world = createWorld(await worldAt('new'))
  for (const change of changes) change(world)
  return world
}

/** Runs an activity to its end. `more` replaces ports. */
export async function act(
  world: World,
  activity: string,
  input: object,
  more: object | ((ports: Ports) => object) = {},
) {
  const create = (ports: Ports, set: typeof settings) =>
    createActivities({ ...ports, ...(typeof more === 'function' ? more(ports) : more) }, set)
  return (await runAttempts({ world, create, settings, activity, input })).outcome
}

/** The input of a step of the deletion, with its request. */
export const inputOf = (world: World) => ({
  ref: placeRequest(world),
  backup: deletedOf(world, false),
})
