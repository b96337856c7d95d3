import { describe, expect, it } from 'vitest'
import { retryRestore } from '../../../client/api/retry-restore.ts'
import { refusedRetry } from '../../../core/request/decide-retry.ts'
import { restartFailureReason } from '../../../velero/defaults.ts'
import type { RestoreStatus } from '../../../velero/restore.ts'
import type { InMemoryCluster } from '../../ports/cluster/cluster.ts'
import { connectInMemory, placeRestore, shopRef } from './in-memory-connections.ts'

const claimed = { annotations: { 'drydock.io/claimed': 'a worker' } }

/** A finished restore, and what a worker writes when it sees the token. */
function finished(answer?: (token: string) => object, status: RestoreStatus = { phase: 'PartiallyFailed' }) {
  const { cluster, connections } = connectInMemory()
  const backup = { apiVersion: 'velero.io/v1', kind: 'Backup', metadata: { name: 'shop', namespace: 'velero' } }
  cluster.place(backup)
  const restore = placeRestore(cluster, status, claimed)
  cluster.onChange((object) => {
    const { 'drydock.io/retry': token = '', 'drydock.io/retried': retried } = object?.metadata.annotations ?? {}
    if (answer === undefined || token === '' || token === retried) return
    setTimeout(() => annotate(cluster, answer(token)))
  })
  return { cluster, connections, restore }
}

function annotate(cluster: InMemoryCluster, more: object): void {
  const { metadata } = cluster.look(shopRef) ?? { metadata: { annotations: {} } }
  cluster.amend(shopRef, { metadata: { ...metadata, annotations: { ...metadata.annotations, ...more } } })
}

describe('a retry', () => {
  it('is asked for by an annotation, and tells which run has begun', async () => {
    const { connections, restore } = finished((token) => ({ 'drydock.io/retried': token, 'drydock.io/run': '2' }))
    expect(await retryRestore(connections, restore, { token: 'one' })).toMatchObject({ do: 'begun', run: 2 })
  })

  it('tells why a worker refuses', async () => {
    const { connections, restore } = finished((token) => refusedRetry(token, 'cannot be retried: no journal'))
    const message = 'Restore "shop" cannot be retried: no journal'
    await expect(retryRestore(connections, restore)).rejects.toMatchObject({ exitCode: 1, message })
  })

  it('is asked for all the same where no worker answers', async () => {
    const { cluster, connections, restore } = finished()
    expect(await retryRestore(connections, restore, { token: 'one', answerMs: 1 })).toEqual({ do: 'asked' })
    expect(cluster.look(shopRef)?.metadata.annotations).toMatchObject({ 'drydock.io/retry': 'one' })
  })

  it('by a token that had its run tells of that run, whatever the phase', async () => {
    const { cluster, connections } = finished()
    const annotations = { ...claimed.annotations, 'drydock.io/retried': 'one', 'drydock.io/run': '3' }
    const restore = placeRestore(cluster, { phase: 'Completed' }, { annotations })
    expect(await retryRestore(connections, restore, { token: 'one' })).toMatchObject({ do: 'begun', run: 3 })
  })

  it('by a token that was refused is asked for again', async () => {
    const { cluster, connections } = finished((token) => ({
      'drydock.io/retried': token,
      'drydock.io/retry-refused': undefined,
      'drydock.io/run': '2',
    }))
    const annotations = {
      ...claimed.annotations,
      'drydock.io/retry': 'one',
      ...refusedRetry('one', 'cannot be retried'),
    }
    const restore = placeRestore(cluster, { phase: 'Failed' }, { annotations })
    expect(await retryRestore(connections, restore, { token: 'one' })).toMatchObject({ do: 'begun', run: 2 })
  })

  it('is refused at once where the backup is gone', async () => {
    const { cluster, connections, restore } = finished()
    cluster.drop({ ...shopRef, resource: 'backups' })
    const message = 'Restore "shop" cannot be retried: Backup.velero.io "shop" not found'
    await expect(retryRestore(connections, restore)).rejects.toMatchObject({ exitCode: 6, message })
  })
})

describe('a Restore that cannot be retried', () => {
  it.each<[RestoreStatus, object, string]>([
    [{ phase: 'Completed' }, claimed, 'is Completed: nothing of it failed'],
    [{ phase: 'InProgress' }, claimed, 'is not over: its phase is InProgress, and only a finished restore is retried'],
    [{}, {}, 'is not over: its phase is New, and only a finished restore is retried'],
    [
      { phase: 'Failed', failureReason: restartFailureReason },
      claimed,
      'still runs: a starting Velero server has marked it as Failed, and a worker puts its phase back',
    ],
    [{ phase: 'FailedValidation' }, {}, 'was not valid: correct it and create it again'],
    [{ phase: 'Failed' }, {}, 'was not begun by Drydock: create it again'],
    [{ phase: 'Failed' }, { ...claimed, deletionTimestamp: '2026-01-01T00:00:00Z' }, 'is being deleted'],
  ])('in %j, %j is left alone: %s', async (status, metadata, why) => {
    const { cluster, connections } = connectInMemory()
    const restore = placeRestore(cluster, status, metadata)
    await expect(retryRestore(connections, restore)).rejects.toMatchObject({
      exitCode: 1,
      message: `Restore "shop" ${why}`,
    })
    expect(cluster.look(shopRef)?.metadata.annotations?.['drydock.io/retry']).toBeUndefined()
  })
})
