import { beforeAll, describe, expect, it } from 'vitest'
import { awaitRestore, createRestore, listKeys, readResultFiles } from '../../kit/restores.ts'
import { freshCluster } from '../../kit/stack.ts'
import type { TestCluster } from '../../kit/stack.ts'
import { startWorker } from '../../kit/worker.ts'

describe('a restore by a worker on the real stack', () => {
  let cluster: TestCluster
  beforeAll(async () => {
    cluster = await freshCluster({ backups: ['shop', 'bulk5k'] })
    await startWorker(cluster)
  })

  it('restores bulk5k whole: Completed, 5,003 items, no warning', async () => {
    await createRestore(cluster, { name: 'whole', spec: { backupName: 'bulk5k' } })
    const { status } = await awaitRestore(cluster, 'whole', undefined, 240_000)
    expect(status).toMatchObject({ phase: 'Completed', progress: { itemsRestored: 5003, totalItems: 5003 } })
    expect(status?.warnings).toBeUndefined()
    expect(status?.errors).toBeUndefined()
    const files = await readResultFiles(cluster, 'whole')
    expect(files.results).toEqual({ errors: {}, warnings: {} })
    expect(Object.values(files.resourceList ?? {}).flat()).toHaveLength(5003)
    expect(files.itemOperations).toEqual([])
    expect(files.volumeInfo).toEqual([])
    expect(files.log).toContain('restore=velero/whole')
  })

  it('keeps its journal under the restore, where Velero deletes it with the rest', async () => {
    const restore = await createRestore(cluster, {
      name: 'journal',
      spec: { backupName: 'shop', includedResources: ['configmaps'] },
    })
    await awaitRestore(cluster, 'journal')
    const keys = await listKeys(cluster, 'restores/journal/')
    expect(keys).toContain(`restores/journal/drydock/${restore.metadata.uid}/admission.json.gz`)
    expect(keys).toContain(`restores/journal/drydock/${restore.metadata.uid}/plan.json.gz`)
  })
})
