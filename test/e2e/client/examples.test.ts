import { readdirSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import { runClient, runProgram, startProgram } from '../../kit/client.ts'
import { holdNamespace, letNamespaceGo } from '../../kit/held-namespace.ts'
import { awaitRestore, createRestore } from '../../kit/restores.ts'
import { freshCluster } from '../../kit/stack.ts'
import type { TestCluster } from '../../kit/stack.ts'
import { waitUntil } from '../../kit/wait-until.ts'
import { startWorker } from '../../kit/worker.ts'
import { startCallers } from './callers.ts'
import type { Callers } from './callers.ts'

let cluster: TestCluster

beforeAll(async () => {
  cluster = await freshCluster({ backups: ['shop'] })
  await startWorker(cluster)
})

describe('the example', () => {
  it('start-and-wait.ts starts a restore and tells how it ended', async () => {
    const { code, out } = await runProgram(cluster, 'examples/start-and-wait.ts', ['shop'])
    expect(out).toMatch(/^restore shop-\d{14} has started, workflow restore\/velero\/shop-/)
    expect(out).toMatch(/\d+ items are restored\n$/)
    expect(code).toBe(0)
  })

  it('watch-all.ts follows the restores that run, and no other', async () => {
    await createRestore(cluster, { name: 'over', spec: configMapsInto('elsewhere') })
    await awaitRestore(cluster, 'over')
    await holdNamespace(cluster, 'held')
    for (const name of ['first', 'second']) await createRestore(cluster, { name, spec: configMapsInto('held') })
    await awaitRestore(cluster, 'first', ({ status }) => status?.phase === 'InProgress')
    const watching = startProgram(cluster, 'examples/watch-all.ts', ['velero'])
    await waitUntil(() => /^first: InProgress.* waits for /m.test(watching.out()), 60_000, 'the wait of a restore')
    await letNamespaceGo(cluster, 'held')
    const { code, out } = await watching.all()
    expect(out).toMatch(/^2 of \d+ restores in namespace velero are running\n/)
    for (const name of ['first', 'second'])
      expect(out).toMatch(new RegExp(`^${name}: ended Completed, \\d+ items, \\d+ warnings, 0 errors$`, 'm'))
    expect(out).not.toContain('over:')
    expect(code).toBe(0)
  })

  it('restore-copy.ts restores a namespace under another name', async () => {
    const { code, out } = await runProgram(cluster, 'examples/restore-copy.ts', ['shop', 'shop', 'copy', '60'])
    expect(out).toMatch(/^restore shop-\d{14} has started, from namespace shop into copy\nCompleted: \d+ items\n$/)
    expect(code).toBe(0)
  })

  it('restore-copy.ts cancels a restore that waits too long', async () => {
    await holdNamespace(cluster, 'stuck')
    const { code, out } = await runProgram(cluster, 'examples/restore-copy.ts', ['shop', 'shop', 'stuck', '2'])
    expect(out).toMatch(/^the restore is cancelled, since it waits for /m)
    expect(out).toMatch(/^Failed: 0 items, cancelled: waited 2 s for /m)
    expect(code).toBe(1)
    await letNamespaceGo(cluster, 'stuck')
    expect((await runClient(cluster, ['list'])).out).toMatch(/^shop-\d{14} +Failed /m)
  })

  it('is run by a test here, each of them', () => {
    const programs = readdirSync(new URL('../../../examples', import.meta.url)).filter((name) => name.endsWith('.ts'))
    expect(programs).toEqual(['restore-copy.ts', 'start-and-wait.ts', 'watch-all.ts'])
  })
})

function configMapsInto(namespace: string) {
  return { backupName: 'shop', includedResources: ['configmaps'], namespaceMapping: { shop: namespace } }
}

describe("a workflow of somebody else's", () => {
  let callers: Callers
  beforeAll(async () => {
    callers = await startCallers(cluster)
  })

  const request = (name: string, into: string) => ({ name, spec: configMapsInto(into) })

  it('restores by Nexus and by a child workflow, and is told how that ended', async () => {
    const asChild = callers.asChild(request('as-child', 'by-child'))
    const byNexus = await callers.byNexus(request('by-nexus', 'by-nexus'))
    expect(await byNexus.result()).toMatchObject({ name: 'by-nexus', phase: 'Completed', errors: 0 })
    expect(await asChild).toMatchObject({ name: 'as-child', phase: 'Completed', errors: 0 })
  })

  it('cancels the restore when it is cancelled itself', async () => {
    await holdNamespace(cluster, 'kept')
    const caller = await callers.byNexus(request('called-off', 'kept'))
    await awaitRestore(cluster, 'called-off', ({ status }) => status?.phase === 'InProgress')
    await caller.cancel()
    await expect(caller.result()).rejects.toMatchObject({ name: 'WorkflowFailedError' })
    const { status } = await awaitRestore(cluster, 'called-off')
    expect(status?.failureReason).toMatch(/^cancelled: the workflow that asked for it was cancelled/)
    await letNamespaceGo(cluster, 'kept')
  })
})
