import { beforeAll, describe, expect, it } from 'vitest'
import type { Outcome } from '../../core/items/outcome.ts'
import { countCreates, readAudit } from '../kit/audit.ts'
import { runClient } from '../kit/client.ts'
import { clusterWithOwnBucket } from '../kit/own-bucket.ts'
import type { ClusterWithBucket } from '../kit/own-bucket.ts'
import {
  awaitRestore,
  createRestore,
  getRestore,
  listKeys,
  readObject,
  readResultFiles,
  withAdmin,
} from '../kit/restores.ts'
import type { TestCluster } from '../kit/stack.ts'
import { eventsOf, patchVelero } from '../kit/velero-objects.ts'
import { waitUntil } from '../kit/wait-until.ts'
import { startWorker } from '../kit/worker.ts'

const checkpoint = 25
/** Chunks that run side by side. */
const lanes = 4
const configMaps = 2501

describe('a bucket that turns read-only', () => {
  let cluster: TestCluster
  let setReadOnly: ClusterWithBucket['setReadOnly']
  beforeAll(async () => {
    ;({ cluster, setReadOnly } = await clusterWithOwnBucket(['shop', 'bulk5k']))
    await startWorker(cluster, {
      DRYDOCK_CHUNK_ITEMS: '100',
      DRYDOCK_CHECKPOINT_ITEMS: String(checkpoint),
      DRYDOCK_ITEMS_IN_FLIGHT: '4',
    })
  })

  /** Creates a Restore of many ConfigMaps into a namespace, and takes the bucket's writes away in its midst. */
  async function loseBucketIn(name: string): Promise<void> {
    await createRestore(cluster, {
      name,
      spec: { backupName: 'bulk5k', includedResources: ['configmaps'], namespaceMapping: { bulk: name } },
    })
    await awaitRestore(cluster, name, ({ status }) => (status?.progress?.itemsRestored ?? 0) > 0)
    await setReadOnly(true)
  }

  async function journalledConfigMaps(name: string): Promise<number> {
    const { metadata } = (await getRestore(cluster, name)) ?? {}
    const keys = await listKeys(cluster, `restores/${name}/drydock/${metadata?.uid}/outcomes/`)
    const shards = await Promise.all(keys.map((key) => readObject(cluster, key)))
    return shards
      .flatMap((text) => (JSON.parse(text ?? '') as { content: Outcome[] }).content)
      .filter(({ key }) => key.startsWith('configmaps|')).length
  }

  const createdIn = (namespace: string) =>
    [...countCreates(readAudit(cluster), ['configmaps'])].filter(([key]) => key.startsWith(`configmaps/${namespace}/`))

  it('stops the writes after a checkpoint, says why, and lets them go on with nothing lost or done twice', async () => {
    await loseBucketIn('paused')
    const waiting = async () => (await runClient(cluster, ['describe', 'paused'])).out
    await waitUntil(async () => (await waiting()).includes('does not take part'), 60_000, 'describe to name the reason')
    expect(await waiting()).toMatch(/the bucket does not take part, waiting: .*error putting object \S+paused\/drydock/)

    const stood = createdIn('paused').length
    expect(stood).toBeLessThan(configMaps)
    const unknown = stood - (await journalledConfigMaps('paused'))
    expect(unknown).toBeGreaterThanOrEqual(0)
    expect(unknown).toBeLessThanOrEqual(lanes * checkpoint)
    await waitUntil(
      async () => (await eventsOf(cluster, 'paused')).some(({ reason }) => reason === 'Waiting'),
      150_000,
      'an Event about the wait',
    )
    const told = (await eventsOf(cluster, 'paused')).find(({ reason }) => reason === 'Waiting')
    expect(told).toMatchObject({ type: 'Warning' })
    expect(told?.note).toMatch(/the bucket does not take part.*read only|the bucket does not take part.*AccessDenied/i)
    expect(createdIn('paused')).toHaveLength(stood)
    expect((await getRestore(cluster, 'paused'))?.status?.phase).toBe('InProgress')

    await setReadOnly(false)
    const { status } = await awaitRestore(cluster, 'paused')
    expect(status).toMatchObject({ phase: 'Completed', progress: { totalItems: configMaps + 1 } })
    expect(status?.errors).toBeUndefined()
    const created = createdIn('paused')
    expect(created).toHaveLength(configMaps)
    expect(created.filter(([, times]) => times !== 1)).toEqual([])
    const { resourceList } = await readResultFiles(cluster, 'paused')
    expect(resourceList?.['v1/ConfigMap']).toHaveLength(configMaps)
  })

  it('does not keep a cancelled restore from its end, which names what is not stored', async () => {
    await loseBucketIn('given-up')
    await patchVelero(cluster, 'restores', 'given-up', {
      metadata: { annotations: { 'drydock.io/cancel': 'the bucket is lost' } },
    })
    const { status } = await awaitRestore(cluster, 'given-up')
    expect(status?.phase).toBe('Failed')
    expect(status?.failureReason).toMatch(
      /^cancelled: the bucket is lost; results not stored: .*restore-given-up-logs\.gz/,
    )
    const stood = createdIn('given-up').length
    expect(stood).toBeLessThan(configMaps)
    await setReadOnly(false)
    await new Promise((resolve) => setTimeout(resolve, 3_000))
    expect(createdIn('given-up')).toHaveLength(stood)
  })

  it('ends a new restore before an object is written, and says why', async () => {
    await setReadOnly(true)
    await createRestore(cluster, {
      name: 'refused',
      spec: { backupName: 'shop', namespaceMapping: { shop: 'refused' } },
    })
    const { status } = await awaitRestore(cluster, 'refused')
    await setReadOnly(false)
    expect(status?.phase).toBe('Failed')
    expect(status?.failureReason).toMatch(/error putting object own\/restores\/refused\/drydock/)
    const path = '/api/v1/namespaces/refused'
    expect(await withAdmin(cluster, async (admin) => (await admin.request('GET', path)).status)).toBe(404)
    expect(await listKeys(cluster, 'restores/refused/')).toEqual([])
  })
})
