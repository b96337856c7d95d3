import '../../ports/deterministic.ts'
import { describe, expect, it } from 'vitest'
import type { World } from '../../ports/world.ts'
import { configMap } from '../hosting-plugins.ts'
import { inPhase, restoreAt } from '../crash/restore-in-memory.ts'
import { restoreWhole } from '../restore-whole.ts'
import { undo } from './undoing.ts'

const asAlice = { 'drydock.io/impersonate-user': 'alice' }
const at = { group: '', version: 'v1', resource: 'configmaps', namespace: 'shop', name: 'one' }

async function restored(annotations: Record<string, string>): Promise<World> {
  const { world } = await restoreWhole({ items: { configmaps: [configMap('one')] }, annotations })
  // The restores in memory end before their last phase.
  inPhase(world, 'Completed')
  return world
}

describe('the undo of a restore', () => {
  it('deletes as the user as whom it was made', async () => {
    const world = await restored(asAlice)
    await undo(world)
    expect(world.cluster.look(at)).toBeUndefined()
    expect(world.cluster.writtenAs).toContain('alice: delete configmaps shop/one')
  })

  it('deletes nothing as the worker where the Restore names a user since', async () => {
    const world = await restored({})
    const metadata = world.cluster.look(restoreAt)?.metadata
    world.cluster.amend(restoreAt, { metadata: { ...metadata, annotations: { ...metadata?.annotations, ...asAlice } } })
    const told = await undo(world)
    expect(world.cluster.look(at)).toBeDefined()
    expect(JSON.stringify(told)).toContain('the Restore names user \\"alice\\" now, but was admitted with no user')
  })
})
