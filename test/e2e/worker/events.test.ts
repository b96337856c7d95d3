import { beforeAll, describe, expect, it } from 'vitest'
import type { Manifest } from '../../../velero/manifest.ts'
import { manyItems } from '../../kit/backups/many-items.ts'
import { putBackup } from '../../kit/backups/put-backup.ts'
import { runClient } from '../../kit/client.ts'
import { holdNamespace } from '../../kit/held-namespace.ts'
import { awaitRestore, createRestore, readResultFiles, withAdmin } from '../../kit/restores.ts'
import { freshCluster } from '../../kit/stack.ts'
import type { TestCluster } from '../../kit/stack.ts'
import { createVelero, eventsOf } from '../../kit/velero/velero-objects.ts'
import { waitUntil } from '../../kit/wait-until.ts'
import { startWorker } from '../../kit/worker.ts'

describe('Events on a Restore', () => {
  let cluster: TestCluster
  beforeAll(async () => {
    cluster = await freshCluster()
    // Long enough for an Event, which comes after a minute.
    const timeouts = ['RESOURCE', 'TERMINATING_RESOURCE', 'LOCATION'].map((one) => [`DRYDOCK_${one}_TIMEOUT`, '90s'])
    await startWorker(cluster, Object.fromEntries(timeouts) as Record<string, string>)
  })
  const told = async (name: string) => (await eventsOf(cluster, name)).map(({ type, reason }) => [type, reason])

  it('tell each change of phase', async () => {
    await createRestore(cluster, { name: 'good', spec: { backupName: 'shop', includedResources: ['configmaps'] } })
    await awaitRestore(cluster, 'good')
    await expect
      .poll(() => told('good'), { timeout: 120_000 })
      .toEqual([
        ['Normal', 'InProgress'],
        ['Normal', 'Finalizing'],
        ['Normal', 'Completed'],
      ])
  })

  it('tell why one was refused', async () => {
    await createRestore(cluster, { name: 'bad', spec: { backupName: 'nope' } })
    await awaitRestore(cluster, 'bad')
    await expect.poll(() => told('bad'), { timeout: 120_000 }).toEqual([['Warning', 'FailedValidation']])
    expect((await eventsOf(cluster, 'bad'))[0]?.note).toContain('"nope" not found')
  })

  it('tell each wait of more than a minute, which ends at its deadline with an error', async () => {
    await prepareWaits(cluster)
    for (const name of Object.keys(waits)) await createRestore(cluster, { name, spec: { backupName: name } })
    const names = Object.keys(waits)
    const told = Object.entries(waits).map(([name, { waitingFor }]) => {
      // On a busy machine there may be an Event about its turn before.
      const isTold = async () =>
        (await eventsOf(cluster, name)).some(({ reason, note }) => reason === 'Waiting' && waitingFor.test(note))
      const isDescribed = async () => waitingFor.test((await runClient(cluster, ['describe', name])).out)
      return [
        waitUntil(isDescribed, 60_000, `describe to tell the wait of ${name}`),
        waitUntil(isTold, 140_000, `an Event about the wait of ${name}`),
      ]
    })
    await Promise.all(told.flat())
    const ended = names.map(async (name) => {
      const { status } = await awaitRestore(cluster, name)
      const {
        velero = [],
        cluster: ofCluster = [],
        namespaces = {},
      } = (await readResultFiles(cluster, name)).results?.errors ?? {}
      const errors = [...velero, ...ofCluster, ...Object.values(namespaces).flat()]
      return [name, [...new Set(errors), ...(status?.validationErrors ?? []).slice(-1)]]
    })
    const ends = Object.entries(waits).map(([name, one]) => [name, [expect.stringMatching(one.ends) as unknown]])
    expect(await Promise.all(ended)).toEqual(ends)
  })
})

/** By restore and backup: what is waited for, as Event and `describe` tell it, and the error in which it ends. */
const waits: Record<string, { waitingFor: RegExp; ends: RegExp }> = {
  'goes-not': {
    waitingFor: /namespace goes-not/,
    ends: /^timed out waiting for terminating namespace goes-not to disappear/,
  },
  'never-ready': {
    waitingFor: /CRD seconds\.waits\.example\.com to be established: NamesAccepted is False: .*already in use/,
    ends: /^error verifying the CRD seconds\.waits\.example\.com is ready to use: context deadline exceeded$/,
  },
  unbound: {
    waitingFor:
      /claim unbound\/data to be bound: it is Pending, for provisioner example\.com\/none of StorageClass none/,
    ends: /^fail to patch dynamic PV, err: context deadline exceeded, PVC: data, PV: old-data$/,
  },
  'no-bucket': {
    waitingFor: /backup location "away" to be available: .*ECONNREFUSED/,
    ends: /waited 1m30s \(DRYDOCK_LOCATION_TIMEOUT\) for location "away"/,
  },
}

/** Makes the backups, and what keeps their restores waiting. */
async function prepareWaits(cluster: TestCluster): Promise<void> {
  await holdNamespace(cluster, 'goes-not')
  await withAdmin(cluster, async (admin) => {
    await admin.must('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', aCrd('firsts'))
    await admin.must('POST', '/apis/storage.k8s.io/v1/storageclasses', {
      metadata: { name: 'none' },
      provisioner: 'example.com/none',
    })
    const locations = '/apis/velero.io/v1/namespaces/velero/backupstoragelocations'
    const { spec } = (await admin.must('GET', `${locations}/default`)).body as { spec: { config: object } }
    await admin.must('POST', locations, {
      apiVersion: 'velero.io/v1',
      kind: 'BackupStorageLocation',
      metadata: { name: 'away' },
      spec: { ...spec, config: { ...spec.config, s3Url: 'http://127.0.0.1:9' } },
      status: { phase: 'Unavailable' },
    })
  })
  await putBackup(cluster, manyItems('goes-not', { count: 1 }))
  const seconds = aCrd('seconds') as Manifest
  await putBackup(cluster, {
    name: 'never-ready',
    items: [['customresourcedefinitions.apiextensions.k8s.io', seconds]],
  })
  const claim = {
    accessModes: ['ReadWriteOnce'],
    resources: { requests: { storage: '1Gi' } },
    storageClassName: 'none',
  }
  const metadata = { name: 'data', namespace: 'unbound' }
  const pvInfo = { reclaimPolicy: 'Retain', labels: {} }
  const volume = { pvcNamespace: 'unbound', pvcName: 'data', pvName: 'old-data', backupMethod: 'CSISnapshot', pvInfo }
  await putBackup(cluster, {
    name: 'unbound',
    items: [['persistentvolumeclaims', { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata, spec: claim }]],
    files: { volumeinfo: [volume] },
  })
  await createVelero(cluster, 'backups', {
    apiVersion: 'velero.io/v1',
    kind: 'Backup',
    metadata: { name: 'no-bucket' },
    spec: { storageLocation: 'away' },
    status: { phase: 'Completed' },
  })
}

/** Of two such CRDs the second one is never established: its kind is taken. */
function aCrd(plural: string): object {
  const schema = { openAPIV3Schema: { type: 'object' } }
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.waits.example.com` },
    spec: {
      group: 'waits.example.com',
      scope: 'Namespaced',
      names: { plural, singular: plural.slice(0, -1), kind: 'Taken', listKind: 'TakenList' },
      versions: [{ name: 'v1', served: true, storage: true, schema }],
    },
  }
}
