import '../../ports/deterministic.ts'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { parseRestorePolicy } from '../../../core/asked/parse-restore-policy.ts'
import type { RestorePolicy } from '../../../core/asked/restore-policy.ts'
import { restoreResourceListKey, restoreResultsKey } from '../../../velero/object-keys.ts'
import { drillRequest } from '../../core/drill/builders.ts'
import { createWorld } from '../../ports/world.ts'
import { backupName } from '../crash/backup.ts'
import { create, name, ref, restoreAt, settings, worldAt } from '../crash/restore-in-memory.ts'
import { runAttempts } from '../crash/run-attempts.ts'
import { annotate, annotationsOf, denying, newWorld, retried } from './retrying.ts'
import { runRestore } from './whole-restore.ts'

const policyOf = (yaml: string): RestorePolicy => {
  const parsed = parseRestorePolicy(yaml)
  if ('errors' in parsed) throw new Error(parsed.errors.join('; '))
  return parsed.policy
}
const asAlice = { 'drydock.io/impersonate-user': 'alice', 'drydock.io/impersonate-groups': 'shopkeepers' }
const removed = { 'drydock.io/impersonate-user': undefined, 'drydock.io/impersonate-groups': undefined }

describe('a retry of a restore that was made as a user', () => {
  it.each([
    ['dropped', removed],
    ['replaced', { 'drydock.io/impersonate-user': 'admin' }],
    ['given more groups', { 'drydock.io/impersonate-groups': 'shopkeepers,admins' }],
  ])('is refused where its user was %s', async (_how, annotations) => {
    const world = await newWorld()
    annotate(world, asAlice)
    await runRestore(world, { around: denying('gizmos') })
    annotate(world, annotations as unknown as Record<string, string>)
    const { writes } = await retried(world)
    expect(annotationsOf(world)['drydock.io/retry-refused']).toContain(
      'the run before was made as user "alice" of group "shopkeepers", and this one would be',
    )
    expect(writes.filter((write) => !/restores|events|leases/.test(write))).toEqual([])
  })

  it('is made with fewer groups, and as a user where there was none', async () => {
    const world = await newWorld()
    await runRestore(world, { around: denying('gizmos') })
    annotate(world, asAlice)
    await retried(world, 'one', denying('gizmos'))
    expect(world.cluster.look(restoreAt)?.['status']).toMatchObject({ phase: 'PartiallyFailed' })
    annotate(world, { ...removed, 'drydock.io/impersonate-user': 'alice' } as unknown as Record<string, string>)
    await retried(world, 'two')
    expect(world.cluster.look(restoreAt)?.['status']).toMatchObject({ phase: 'Completed' })
    expect(world.cluster.writtenAs).toContain('alice: create gizmos shop/first')
  })

  it('is refused where the policy does not name the user any more', async () => {
    const world = await newWorld()
    annotate(world, asAlice)
    await runRestore(world, { around: denying('gizmos') })
    annotate(world, { 'drydock.io/retry': 'one' })
    await runRestore(world, { settings: { policy: policyOf('rules: [{ user: bob, namespaces: ["*"] }]') } })
    expect(annotationsOf(world)['drydock.io/retry-refused']).toContain('does not name user "alice"')
  })
})

describe('a worker with a policy', () => {
  const policy = policyOf('rules: [{ user: alice, namespaces: [shop] }]')
  const act = (world: ReturnType<typeof createWorld>, activity: string, input: unknown) =>
    runAttempts({ world, create, settings: { ...settings, policy }, activity, input })

  it('takes no restore over whose author has set its phase and named no user', async () => {
    const world = createWorld(await worldAt('new'))
    world.cluster.amend(restoreAt, { status: { phase: 'Finalizing', startTimestamp: '2026-01-02T03:00:00Z' } })
    const put = (key: string, content: object) => world.buckets.place('backups', key, gzipSync(JSON.stringify(content)))
    put(restoreResultsKey(ref.name), { errors: {}, warnings: {} })
    put(restoreResourceListKey(ref.name), { 'v1/PersistentVolumeClaim': ['shop/data(created)'] })
    await act(world, 'admitRestore', { ref })
    expect(world.cluster.look(restoreAt)?.['status']).toMatchObject({
      phase: 'PartiallyFailed',
      failureReason: expect.stringContaining("the worker's policy lets nothing be restored without a user") as string,
    })
  })

  it('makes no namespace for a drill that the policy does not allow', async () => {
    const world = createWorld(await worldAt('new'))
    const request = { ...drillRequest, cluster: ref.cluster, from: { backup: backupName } }
    const run = { request, restore: name, at: '2026-01-01T03:00:00.000Z' }
    const { outcome } = await act(world, 'chooseDrillBackup', run)
    expect(outcome).toMatchObject({
      result: { do: 'refuse', because: expect.stringContaining("the worker's policy lets nothing") as string },
    })
  })
})
