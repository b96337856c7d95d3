import { Connection } from '@temporalio/client'
import { msToTs } from '@temporalio/common/lib/time.js'
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Outcome } from '../../../core/items/outcome.ts'
import type { Restore } from '../../../velero/restore.ts'
import { countMessages } from '../../../velero/results.ts'
import { workflowIdOf } from '../../../contract/restore-workflow.ts'
import { countCreates, readAudit } from '../../kit/audit.ts'
import { manyItems } from '../../kit/backups/many-items.ts'
import { putBackup } from '../../kit/backups/put-backup.ts'
import { runClient } from '../../kit/client.ts'
import { clusterWithOwnBucket } from '../../kit/own-bucket.ts'
import type { ClusterWithBucket } from '../../kit/own-bucket.ts'
import {
  awaitRestore,
  createRestore,
  getRestore,
  listKeys,
  readObject,
  readResultFiles,
  withAdmin,
} from '../../kit/restores.ts'
import type { TestCluster } from '../../kit/stack.ts'
import { eventsOf, patchVelero } from '../../kit/velero/velero-objects.ts'
import { waitUntil } from '../../kit/wait-until.ts'
import { slowCreates, slowLabel } from '../../kit/webhook.ts'
import type { SlowCreates } from '../../kit/webhook.ts'
import { startWorker } from '../../kit/worker.ts'

const checkpoint = 10
/** Chunks that run side by side. */
const lanes = 4
const inFlight = 8
const configMaps = 480
/** The objects of one restore take 12 s, so the test comes in their midst on a slow machine too. A batch takes one second. */
const createMs = 200
/** On a slow machine a batch may take over two seconds, and goes on while the next one begins. */
const batchesAtOnce = 2

describe('a bucket that turns read-only', () => {
  let cluster: TestCluster
  let setReadOnly: ClusterWithBucket['setReadOnly']
  let creates: SlowCreates
  beforeAll(async () => {
    ;({ cluster, setReadOnly } = await clusterWithOwnBucket(['shop']))
    creates = await slowCreates(cluster)
    await putBackup(cluster, manyItems('many', { count: configMaps, labels: slowLabel }))
    await startWorker(cluster, {
      DRYDOCK_CHUNK_ITEMS: '40',
      DRYDOCK_CHECKPOINT_ITEMS: String(checkpoint),
      DRYDOCK_ITEMS_IN_FLIGHT: String(inFlight),
    })
  })

  beforeEach(() => setReadOnly(false))

  /** Creates Restores of many ConfigMaps into a namespace each, and takes the bucket's writes away in their midst. */
  async function loseBucketIn(...names: string[]): Promise<Restore[]> {
    creates.slow(createMs)
    const restores = await Promise.all(
      names.map((name) =>
        createRestore(cluster, { name, spec: { backupName: 'many', namespaceMapping: { many: name } } }),
      ),
    )
    const isUnderWay = ({ status }: Restore) => (status?.progress?.itemsRestored ?? 0) > 0
    await Promise.all(names.map((name) => awaitRestore(cluster, name, isUnderWay)))
    await setReadOnly(true)
    creates.fast()
    return restores
  }

  const describes = async (name: string, text: RegExp) => text.test((await runClient(cluster, ['describe', name])).out)

  async function journalledConfigMaps(name: string): Promise<number> {
    const { metadata } = (await getRestore(cluster, name)) ?? {}
    const keys = await listKeys(cluster, `restores/${name}/drydock/${metadata?.uid}/outcomes/`)
    const shards = await Promise.all(keys.map((key) => readObject(cluster, key)))
    return shards
      .flatMap((text) => (JSON.parse(text ?? '') as { content: Outcome[] }).content)
      .filter(({ key }) => key.startsWith('configmaps|')).length
  }

  const filesOf = async (name: string) => {
    const { log, results, resourceList } = await readResultFiles(cluster, name)
    return [log, results, resourceList]
  }

  const createdIn = (namespace: string) =>
    [...countCreates(readAudit(cluster), ['configmaps'])].filter(([key]) => key.startsWith(`configmaps/${namespace}/`))

  /** So many as are there once the other chunks have come to their checkpoints too. */
  async function stillCreatedIn(namespace: string): Promise<number> {
    let created = -1
    const isStill = async () => {
      const before = created
      created = createdIn(namespace).length
      await new Promise((resolve) => setTimeout(resolve, 3_000))
      return created === before
    }
    await waitUntil(isStill, 60_000, 'the writes to stop')
    return created
  }

  it('stops the writes after a checkpoint, says why, and lets them go on with nothing lost or done twice', async () => {
    await loseBucketIn('paused')
    const reason = /the bucket is unavailable; retrying: .*error putting object/
    await waitUntil(() => describes('paused', reason), 60_000, 'describe to name the reason')
    const stood = await stillCreatedIn('paused')
    expect(stood).toBeLessThan(configMaps)
    const unknown = stood - (await journalledConfigMaps('paused'))
    expect(unknown).toBeGreaterThanOrEqual(0)
    expect(unknown).toBeLessThanOrEqual(lanes * batchesAtOnce * checkpoint)
    await waitUntil(
      async () => (await eventsOf(cluster, 'paused')).some(({ reason }) => reason === 'Waiting'),
      150_000,
      'an Event about the wait',
    )
    const told = (await eventsOf(cluster, 'paused')).find(({ reason }) => reason === 'Waiting')
    expect(told).toMatchObject({ type: 'Warning' })
    expect(told?.note).toMatch(/the bucket is unavailable.*read only|the bucket is unavailable.*AccessDenied/i)
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

  it('keeps neither a cancelled restore from its end nor one whose deadline has come, and each says why', async () => {
    const [, late] = await loseBucketIn('given-up', 'late')
    await patchVelero(cluster, 'restores', 'given-up', {
      metadata: { annotations: { 'drydock.io/cancel': 'the bucket is lost' } },
    })
    await waitUntil(() => describes('late', /is unavailable/), 60_000, 'describe to name the reason')
    await bringDeadline(late as Restore)
    const ends = await Promise.all(['given-up', 'late'].map((name) => awaitRestore(cluster, name, undefined, 180_000)))
    expect(ends.map(({ status }) => status)).toMatchObject([
      {
        phase: 'Failed',
        failureReason: expect.stringMatching(
          /^cancelled: the bucket is lost; results not stored: .*restore-given-up-logs\.gz/,
        ),
      },
      {
        phase: 'Failed',
        failureReason: expect.stringMatching(
          /^restore execution failed: .*the bucket is unavailable; retrying: .*restores\/late\/drydock.*; results not stored: /,
        ),
      },
    ])
    const stood = createdIn('given-up').length + createdIn('late').length
    expect(stood).toBeLessThan(2 * configMaps)
    await setReadOnly(false)
    await new Promise((resolve) => setTimeout(resolve, 3_000))
    expect(createdIn('given-up').length + createdIn('late').length).toBe(stood)
    for (const name of ['given-up', 'late']) {
      await waitUntil(async () => (await filesOf(name)).every(Boolean), 90_000, `the results of ${name}, stored late`)
      const statusOf = async () => (await getRestore(cluster, name))?.status
      await expect
        .poll(async () => (await statusOf())?.failureReason, { timeout: 240_000 })
        .not.toContain('results not stored')
      const { results } = await readResultFiles(cluster, name)
      const { phase, warnings = 0, errors = 0 } = (await statusOf()) ?? {}
      expect({ phase, warnings, errors }).toEqual({
        phase: 'Failed',
        warnings: countMessages(results?.warnings ?? {}),
        errors: countMessages(results?.errors ?? {}),
      })
    }
  })

  it('that is back lets a retry do what was not reached, and nothing twice', async () => {
    await setReadOnly(false)
    expect((await runClient(cluster, ['retry', 'late', '--wait'])).code).toBe(0)
    const created = createdIn('late')
    expect(created).toHaveLength(configMaps)
    expect(created.filter(([, times]) => times !== 1)).toEqual([])
    expect((await readResultFiles(cluster, 'late')).resourceList?.['v1/ConfigMap']).toHaveLength(configMaps)
  })

  /** A chunk waits for its bucket for a day; here that ends in ten seconds, within which it is tried again. */
  async function bringDeadline({ metadata }: Restore): Promise<void> {
    const sinceMs = Date.now() - Date.parse(metadata.creationTimestamp ?? '')
    const connection = await Connection.connect({ address: cluster.temporal.address })
    try {
      const { name, namespace = '', uid = '' } = metadata
      await connection.workflowService.updateActivityOptions({
        namespace: 'default',
        execution: { workflowId: workflowIdOf({ name, namespace, uid }) },
        type: 'restoreChunk',
        activityOptions: {
          scheduleToCloseTimeout: msToTs(sinceMs + 10_000),
          retryPolicy: { maximumInterval: msToTs('1s') },
        },
        updateMask: { paths: ['schedule_to_close_timeout', 'retry_policy.maximum_interval'] },
      })
    } finally {
      await connection.close()
    }
  }

  it('ends a new restore before an object is written, and says why', async () => {
    await setReadOnly(true)
    await createRestore(cluster, {
      name: 'refused',
      spec: { backupName: 'shop', namespaceMapping: { shop: 'refused' } },
    })
    const { status } = await awaitRestore(cluster, 'refused')
    expect(status?.phase).toBe('Failed')
    expect(status?.failureReason).toMatch(/error putting object own\/restores\/refused\/drydock/)
    const path = '/api/v1/namespaces/refused'
    expect(await withAdmin(cluster, async (admin) => (await admin.request('GET', path)).status)).toBe(404)
    expect(await listKeys(cluster, 'restores/refused/')).toEqual([])
  })
})
