import { beforeAll, describe, expect, it } from 'vitest'
import { runClient } from '../kit/client.ts'
import { awaitRestore, createRestore, getRestore } from '../kit/restores.ts'
import { freshCluster } from '../kit/stack.ts'
import type { TestCluster } from '../kit/stack.ts'
import { eventsOf } from '../kit/velero-objects.ts'
import { startWorker } from '../kit/worker.ts'

const bulk = { backupName: 'bulk5k', includedResources: ['configmaps'] }

describe('restores into the same namespace', () => {
  let cluster: TestCluster
  const holder = /Restore velero\/first, which restores into namespace bulk/
  const itemsOf = async (name: string) => (await getRestore(cluster, name))?.status?.progress?.itemsRestored ?? 0
  const waitOf = async (name: string) => {
    const described = (await runClient(cluster, ['describe', name, '-o', 'json'])).out
    return (JSON.parse(described) as { progress?: { waitingFor?: string } }).progress?.waitingFor
  }

  beforeAll(async () => {
    cluster = await freshCluster({ backups: ['bulk5k', 'shop'] })
    await startWorker(cluster)
    await createRestore(cluster, { name: 'first', spec: bulk })
    await awaitRestore(cluster, 'first', ({ status }) => (status?.progress?.itemsRestored ?? 0) > 0)
    expect((await runClient(cluster, ['pause', 'first'])).code).toBe(0)
    await createRestore(cluster, { name: 'second', spec: bulk })
    await createRestore(cluster, { name: 'third', spec: { ...bulk, includedNamespaces: ['bulk'] } })
    await awaitRestore(cluster, 'third', ({ status }) => status?.phase === 'InProgress')
  })

  it('take turns: one that waits is in progress, names the holder, and writes nothing', async () => {
    await expect.poll(() => waitOf('second'), { timeout: 20_000 }).toMatch(holder)
    expect((await runClient(cluster, ['describe', 'second'])).out).toMatch(holder)
    expect((await getRestore(cluster, 'second'))?.status).toMatchObject({ phase: 'InProgress' })
    expect(await itemsOf('second')).toBe(0)
  })

  it('tell it by an Event', async () => {
    const notes = async () => (await eventsOf(cluster, 'second')).map(({ note }) => note).join('\n')
    await expect.poll(notes, { timeout: 30_000 }).toMatch(holder)
  })

  it('keep nobody waiting who restores elsewhere', async () => {
    const spec = { backupName: 'shop', includedResources: ['configmaps'] }
    await createRestore(cluster, { name: 'elsewhere', spec })
    expect((await awaitRestore(cluster, 'elsewhere', undefined, 30_000)).status?.phase).toBe('Completed')
    await createRestore(cluster, { name: 'mapped', spec: { ...bulk, namespaceMapping: { bulk: 'bulk-copy' } } })
    expect((await awaitRestore(cluster, 'mapped', undefined, 60_000)).status?.phase).toBe('Completed')
  })

  it('let go on cancel: one that waits ends at once, and the next one follows the holder', async () => {
    expect((await runClient(cluster, ['cancel', 'second', '--reason', 'not needed'])).code).toBe(0)
    expect((await awaitRestore(cluster, 'second', undefined, 15_000)).status).toMatchObject({
      phase: 'Failed',
      failureReason: 'cancelled: not needed',
    })
    expect(await itemsOf('third')).toBe(0)
    expect((await runClient(cluster, ['cancel', 'first', '--reason', 'over'])).code).toBe(0)
    expect((await awaitRestore(cluster, 'third', undefined, 60_000)).status).toMatchObject({ phase: 'Completed' })
  })
})

it('a restore that waits for too long ends as Failed and names what it waited for', async () => {
  const cluster = await freshCluster({ backups: ['bulk5k'] })
  await startWorker(cluster, { DRYDOCK_LOCK_TIMEOUT: '3s', DRYDOCK_RESTORES_MAX: '1' })
  await createRestore(cluster, { name: 'runs', spec: bulk })
  await awaitRestore(cluster, 'runs', ({ status }) => (status?.progress?.itemsRestored ?? 0) > 0)
  await runClient(cluster, ['pause', 'runs'])
  await createRestore(cluster, { name: 'late', spec: { ...bulk, namespaceMapping: { bulk: 'elsewhere' } } })
  expect((await awaitRestore(cluster, 'late', undefined, 30_000)).status).toMatchObject({
    phase: 'Failed',
    failureReason: expect.stringMatching(
      /gave up after .* of waiting for one of the 1 restores that may run at once to end$/,
    ) as string,
  })
})
