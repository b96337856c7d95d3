import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { whyNoNode } from '../../devstack/node/node-requirements.ts'
import { startNode } from '../../devstack/node/start-node.ts'
import { endProcess } from '../../devstack/processes/end-process.ts'
import { runClient } from '../kit/client.ts'
import { isMissing } from '../kit/debian-program.ts'
import { awaitRestore, createRestore, readResultFiles, withAdmin } from '../kit/restores.ts'
import { listVelero } from '../kit/velero/velero-objects.ts'
import { waitUntil } from '../kit/wait-until.ts'
import { startWorker, type TestWorker } from '../kit/worker.ts'
import {
  backUpDepot,
  deleteNamespace,
  depot,
  depotFiles,
  makeDepot,
  podsOf,
  readVolume,
  shrinkDepot,
  smallFiles,
  type DepotFiles,
} from './depot.ts'
import { besideVelero, startNodeCluster, whileVeleroRestores, type NodeCluster } from './node-cluster.ts'

const why = whyNoNode()

describe.skipIf(isMissing('a node', why === undefined, why))('on a real node', () => {
  let cluster: NodeCluster
  let worker: TestWorker
  beforeAll(async () => {
    cluster = await startNodeCluster()
    worker = await startWorker(cluster, besideVelero)
    await makeDepot(cluster)
  })

  it('a file system backup comes back byte by byte, with modes, owners and links, and hooks run around it', async () => {
    const before = await backUpDepot(cluster, 'whole')
    expect(Object.keys(before.stock).length).toBeGreaterThan(smallFiles)
    const kept = await readVolume(cluster, depot)
    await deleteNamespace(cluster, depot)
    await withAdmin(cluster, (admin) => admin.must('DELETE', `/api/v1/persistentvolumes/${kept.metadata.name}`))
    rmSync(join(cluster.volumes, kept.metadata.name), { recursive: true })
    await createRestore(cluster, { name: 'whole', spec: { backupName: 'whole' } })
    const { status } = await awaitRestore(cluster, 'whole', undefined, 300_000)
    expect((await readResultFiles(cluster, 'whole')).results?.errors).toEqual({})
    expect(status).toMatchObject({ phase: 'Completed', hookStatus: { hooksAttempted: 1 } })
    expect(withoutHooks(await depotFiles(cluster, depot))).toEqual(withoutHooks(before))
    const volume = await readVolume(cluster, depot)
    expect(readFileSync(join(cluster.volumes, volume.metadata.name, 'hooks.txt'), 'utf8')).toBe('before\nafter\n')
    // Its class would delete it, and knows no labels.
    expect(kept).toMatchObject({ spec: { persistentVolumeReclaimPolicy: 'Retain' } })
    expect(volume).toMatchObject({
      metadata: { labels: { shelf: 'seven' } },
      spec: { persistentVolumeReclaimPolicy: 'Retain' },
    })
    expect(volume.metadata.name).not.toBe(kept.metadata.name)
  })

  describe('a smaller backup', () => {
    let before: DepotFiles
    beforeAll(async () => {
      await shrinkDepot(cluster)
      before = await backUpDepot(cluster, 'small')
    })

    const restoreInto = (name: string) =>
      createRestore(cluster, { name, spec: { backupName: 'small', namespaceMapping: { [depot]: name } } })

    it('comes back as by a restore of Velero: of a file with two names, each name is a file of its own', async () => {
      await worker.stop()
      await whileVeleroRestores(cluster, async () => {
        await restoreInto('velero-does')
        const { status } = await awaitRestore(cluster, 'velero-does', undefined, 300_000)
        expect(status).toMatchObject({ phase: 'Completed' })
      })
      worker = await startWorker(cluster, besideVelero)
      await restoreInto('drydock-does')
      const { status } = await awaitRestore(cluster, 'drydock-does', undefined, 300_000)
      expect(status).toMatchObject({ phase: 'Completed' })
      const byVelero = await depotFiles(cluster, 'velero-does')
      expect([before.linked, byVelero.linked]).toEqual([['one', 'other'], []])
      expect(await depotFiles(cluster, 'drydock-does')).toEqual(byVelero)
    })

    /** Restores the application into a namespace of this name, and waits until the bytes of the large volume move; returns their order. */
    async function restoreUntilBytesMove(name: string): Promise<string> {
      await restoreInto(name)
      const find = async () =>
        (await ordersOf(name)).find(
          ({ spec, status }) => spec?.['volume'] === 'stock' && status?.['phase'] === 'InProgress',
        )?.metadata.name
      await waitUntil(async () => (await find()) !== undefined, 120_000, 'bytes that move')
      return (await find()) ?? ''
    }

    /** The orders of a restore for Velero's node agent. */
    const ordersOf = async (restore: string) =>
      (await listVelero(cluster, 'podvolumerestores')).filter(
        ({ metadata }) => metadata.labels?.['velero.io/restore-name'] === restore,
      )

    const phasesOf = async (restore: string) => (await ordersOf(restore)).map(({ status }) => status?.['phase'])

    /** Takes pods of Velero's namespace away at once. */
    const removePods = (which: string) =>
      withAdmin(cluster, (admin) =>
        admin.must('DELETE', `/api/v1/namespaces/${cluster.veleroNamespace}/pods?${which}`, { gracePeriodSeconds: 0 }),
      )

    it('a worker that is killed: the next one goes on with the same orders', async () => {
      await restoreUntilBytesMove('killed')
      worker.kill('SIGKILL')
      await worker.ended
      worker = await startWorker(cluster, besideVelero)
      const { status } = await awaitRestore(cluster, 'killed', undefined, 300_000)
      expect(status).toMatchObject({ phase: 'Completed' })
      expect(await ordersOf('killed')).toHaveLength(2)
      expect(withoutHooks(await depotFiles(cluster, 'killed'))).toEqual(withoutHooks(before))
    })

    it('a pod that is evicted: what it waited for is called off, and its name told', async () => {
      await restoreUntilBytesMove('evicted')
      const [pod] = await withAdmin(cluster, (admin) => podsOf(admin, 'evicted'))
      const name = pod?.metadata.name ?? ''
      const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name } }
      await withAdmin(cluster, (admin) =>
        admin.must('POST', `/api/v1/namespaces/evicted/pods/${name}/eviction`, eviction),
      )
      const { status } = await awaitRestore(cluster, 'evicted', undefined, 200_000)
      expect(status).toMatchObject({ phase: 'PartiallyFailed' })
      expect((await readResultFiles(cluster, 'evicted')).results?.errors.velero).toEqual([
        `pod volume restore cannot go on: pod evicted/${name} was deleted`,
      ])
      expect(await phasesOf('evicted')).not.toContain('InProgress')
    })

    it('a node agent that dies: its data movers go on without it', async () => {
      await restoreUntilBytesMove('agent')
      await removePods('labelSelector=name%3Dnode-agent')
      const { status } = await awaitRestore(cluster, 'agent', undefined, 200_000)
      expect(status).toMatchObject({ phase: 'Completed' })
      expect(withoutHooks(await depotFiles(cluster, 'agent'))).toEqual(withoutHooks(before))
    })

    const stopNode = async (): Promise<void> => {
      const running = cluster.home.state.services['node']
      if (running !== undefined) await endProcess(running)
      await startNode(cluster.home, cluster)
    }

    // Velero leaves such an order as it is, so nobody can tell that it is lost.
    it.each([
      ['mover', 'a data mover that is lost', (order: string) => removePods(`fieldSelector=metadata.name%3D${order}`)],
      ['stopped', 'a node that stops and comes back', stopNode],
    ])('%s: after %s a cancel ends the wait, and a retry fills the volume', async (name, _, breakIt) => {
      await breakIt(await restoreUntilBytesMove(name))
      await runClient(cluster, ['cancel', name, '--wait'])
      const { status } = await awaitRestore(cluster, name, undefined, 120_000)
      expect(status).toMatchObject({ phase: 'Failed' })
      const retried = await runClient(cluster, ['retry', name, '--wait'])
      expect(retried).toMatchObject({ code: 0, out: expect.stringContaining(`Restore "${name}" Completed`) as string })
      expect(withoutHooks(await depotFiles(cluster, name))).toEqual(withoutHooks(before))
    })
  })
})

/** All but the file to which hooks append, which is compared by what they wrote, and the names of one file, which Velero does not keep. */
function withoutHooks({ stock, scratch }: DepotFiles): Omit<DepotFiles, 'linked'> {
  const { 'hooks.txt': _, ...others } = stock
  return { stock: others, scratch }
}
