import { beforeAll, describe, expect, it } from 'vitest'
import type { Manifest } from '../../../velero/manifest.ts'
import { movedClaims, podsWithVolumes } from '../../kit/backups/volume-backups.ts'
import { putBackup } from '../../kit/backups/put-backup.ts'
import { holdNamespace, letNamespaceGo } from '../../kit/held-namespace.ts'
import { awaitRestore, createRestore, readResultFiles, withAdmin } from '../../kit/restores.ts'
import { freshCluster } from '../../kit/stack.ts'
import type { TestCluster } from '../../kit/stack.ts'
import { startNodeAgent } from '../../kit/velero/node-agent.ts'
import { serveNextCrds } from '../../kit/velero/next-crds.ts'
import { createVelero, getVelero, patchVelero } from '../../kit/velero/velero-objects.ts'
import { waitUntil } from '../../kit/wait-until.ts'
import { startWorker } from '../../kit/worker.ts'
import type { TestWorker } from '../../kit/worker.ts'

const modifiers = `version: v1
resourceModifierRules:
- conditions: {groupResource: configmaps, resourceNameRegex: .*}
  mergePatches:
  - patchData: '{"metadata":{"labels":{"by":"default"}}}'
`

const env = { DRYDOCK_FEATURES: 'EnableCSI', DRYDOCK_DEFAULT_RESOURCE_MODIFIER_CONFIGMAP: 'usual' }

describe("with the CRDs of Velero's next version", () => {
  let cluster: TestCluster
  let worker: TestWorker
  beforeAll(async () => {
    cluster = await freshCluster({ backups: ['shop'] })
    await putBackup(cluster, podsWithVolumes('older', 'held', [{ name: 'web', volumes: { data: 'data' } }]))
    await putBackup(cluster, movedClaims('moved', 'mover', 1))
    await putBackup(cluster, podsWithVolumes('files', 'filer', [{ name: 'web', volumes: { data: 'data' } }]))
    await withAdmin(cluster, (client) =>
      client.must('POST', '/api/v1/namespaces/velero/configmaps', {
        metadata: { name: 'usual' },
        data: { any: modifiers },
      }),
    )
    await startNodeAgent(cluster)
    await putBackup(cluster, movedClaims('again', 'standing', 1))
    worker = await startWorker(cluster, env)
  })

  it('a restore that they overtake orders volumes in their form too', async () => {
    await holdNamespace(cluster, 'held')
    await createRestore(cluster, { name: 'overtaken', spec: { backupName: 'older' } })
    const phase = async () => (await getVelero(cluster, 'restores', 'overtaken'))?.status?.['phase']
    await waitUntil(async () => (await phase()) === 'InProgress', 60_000, 'the restore to be admitted')
    await serveNextCrds(cluster)
    await letNamespaceGo(cluster, 'held')
    expect((await awaitRestore(cluster, 'overtaken')).status).toMatchObject({ phase: 'Completed' })
    expect(await orders('podvolumerestores')).toMatchObject([{ restoreType: '' }])
  })

  it('orders have the type that these ask for, and modifiers and lists are as there', async () => {
    await createRestore(cluster, { name: 'by-mover', spec: { backupName: 'moved' } })
    const spec = {
      backupName: 'files',
      existingVolumeDataPolicy: 'incremental',
      uploaderConfig: { deleteExtraFiles: true },
    }
    await createRestore(cluster, { name: 'by-files', spec })
    for (const name of ['by-mover', 'by-files'])
      expect((await awaitRestore(cluster, name)).status).toMatchObject({ phase: 'Completed' })
    expect((await orders('datadownloads'))[0]).toMatchObject({ restoreType: '' })
    expect(await orders('podvolumerestores')).toContainEqual(
      expect.objectContaining({
        restoreType: 'incremental',
        uploaderSettings: expect.objectContaining({ DeleteExtraFiles: 'true' }),
      }),
    )

    const wanted = { backupName: 'shop', includedResources: ['configmaps', 'namespaces'] }
    await createRestore(cluster, { name: 'first', spec: wanted })
    expect((await awaitRestore(cluster, 'first')).status).toMatchObject({ phase: 'Completed' })
    await createRestore(cluster, { name: 'plain', spec: { ...wanted, skipDefaultResourceModifier: true } })
    expect((await awaitRestore(cluster, 'plain')).status).toMatchObject({ phase: 'Completed' })
    const { resourceList } = await readResultFiles(cluster, 'plain')
    const listed = resourceList?.['v1/ConfigMap'] ?? []
    expect(listed.length).toBeGreaterThan(0)
    expect(listed.filter((text) => !text.endsWith('(skipped)'))).toEqual([])
  })

  it('a backup that is not through is refused, and a request for files of its restore is told so', async () => {
    await patchVelero(cluster, 'backups', 'shop', { status: { phase: 'Failed' } })
    await createRestore(cluster, { name: 'refused', spec: { backupName: 'shop' } })
    expect((await awaitRestore(cluster, 'refused')).status).toMatchObject({
      phase: 'FailedValidation',
      validationErrors: ['backup "shop" is in phase "Failed" and cannot be used as a restore source'],
    })
    const target = { kind: 'RestoreLog', name: 'refused' }
    const request = { apiVersion: 'velero.io/v1', kind: 'DownloadRequest', metadata: { name: 'ask' }, spec: { target } }
    await createVelero(cluster, 'downloadrequests', request)
    const answered = async () => (await getVelero(cluster, 'downloadrequests', 'ask'))?.status
    await waitUntil(async () => (await answered())?.['expiration'] !== undefined, 120_000, 'an answer')
    expect(await answered()).toMatchObject({
      phase: 'Failed',
      message: 'restore "refused" is in phase "FailedValidation" and has not written any artifacts',
    })
  })

  it('a claim that stands gets its data into its volume, though the worker is killed while the claim is away', async () => {
    const at = '/api/v1/namespaces/standing/persistentvolumeclaims'
    const spec = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, storageClassName: 'sc' }
    const merge = 'application/merge-patch+json'
    const { uid } = await withAdmin(cluster, async (client) => {
      await client.must('POST', '/api/v1/namespaces', { metadata: { name: 'standing' } })
      const { body } = await client.must('POST', at, {
        metadata: { name: 'data-1' },
        spec: { ...spec, volumeName: 'held' },
      })
      const claim = (body as Manifest).metadata
      const claimRef = { kind: 'PersistentVolumeClaim', namespace: 'standing', name: 'data-1', uid: claim.uid }
      await client.must('POST', '/api/v1/persistentvolumes', {
        metadata: { name: 'held' },
        spec: {
          capacity: { storage: '1Gi' },
          accessModes: spec.accessModes,
          storageClassName: 'sc',
          claimRef,
          persistentVolumeReclaimPolicy: 'Delete',
          hostPath: { path: '/tmp/held' },
        },
      })
      const bound = { status: { phase: 'Bound' } }
      await client.must('PATCH', `${at}/data-1/status`, bound, merge)
      await client.must('PATCH', '/api/v1/persistentvolumes/held/status', bound, merge)
      return claim
    })
    const look = () =>
      withAdmin(cluster, async (client) => {
        const claim = await client.request('GET', `${at}/data-1`)
        const volume = (await client.must('GET', '/api/v1/persistentvolumes/held')).body as Volume
        return { claim: claim.status === 200 ? (claim.body as Manifest) : undefined, volume }
      })

    await createRestore(cluster, { name: 'in-place', spec: { backupName: 'again', existingVolumeDataPolicy: 'full' } })
    // A finalizer keeps the claim until the controller of volumes has seen that no pod uses it: here that is this test.
    const isGoing = async () => (await look()).claim?.metadata.deletionTimestamp !== undefined
    await waitUntil(isGoing, 120_000, 'the claim to be deleted')
    worker.kill('SIGKILL')
    expect((await look()).volume.spec.persistentVolumeReclaimPolicy).toBe('Retain')
    await withAdmin(cluster, (client) =>
      client.must('PATCH', `${at}/data-1`, { metadata: { finalizers: null } }, merge),
    )
    expect((await look()).claim).toBeUndefined()

    await startWorker(cluster, env)
    expect((await awaitRestore(cluster, 'in-place')).status).toMatchObject({ phase: 'Completed' })
    const { claim, volume } = await look()
    expect(claim).toMatchObject({ spec: { volumeName: 'held' }, status: { phase: 'Bound' } })
    expect(claim?.metadata.uid).not.toBe(uid)
    expect(volume.spec).toMatchObject({
      persistentVolumeReclaimPolicy: 'Delete',
      claimRef: { uid: claim?.metadata.uid },
    })
    expect(await orders('datadownloads')).toContainEqual(
      expect.objectContaining({ restoreType: 'full', targetVolume: expect.objectContaining({ pv: 'held' }) }),
    )
  })

  function orders(resource: 'datadownloads' | 'podvolumerestores'): Promise<unknown[]> {
    const version = resource === 'datadownloads' ? 'v2alpha1' : 'v1'
    return withAdmin(cluster, async (client) => {
      const { body } = await client.must('GET', `/apis/velero.io/${version}/namespaces/velero/${resource}`)
      return (body as { items: Manifest[] }).items.map((order) => order['spec'])
    })
  }
})

interface Volume extends Manifest {
  spec: { persistentVolumeReclaimPolicy: string }
}
