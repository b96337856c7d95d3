import { beforeAll, describe, expect, it } from 'vitest'
import { cancelAnnotation } from '../../../velero/labels.ts'
import type { Manifest } from '../../../velero/manifest.ts'
import { many, manyItems } from '../../kit/backups/many-items.ts'
import { putBackup } from '../../kit/backups/put-backup.ts'
import { awaitRestore, createRestore, readResultFiles, withAdmin } from '../../kit/restores.ts'
import { freshCluster } from '../../kit/stack.ts'
import type { TestCluster } from '../../kit/stack.ts'
import { patchVelero } from '../../kit/velero/velero-objects.ts'
import { startWorker } from '../../kit/worker.ts'

describe('the resource list of a cancelled restore', () => {
  let cluster: TestCluster
  beforeAll(async () => {
    cluster = await freshCluster()
    await putBackup(cluster, manyItems('many'))
    // So many at once that some are on their way when the cancel comes.
    await startWorker(cluster, { DRYDOCK_CHUNK_ITEMS: '40', DRYDOCK_ITEMS_IN_FLIGHT: '8' })
  })

  it.each([1, 60, 120])(
    'holds exactly the objects that it has made: cancelled after %i items or more',
    async (items) => {
      const name = `after-${items}`
      await createRestore(cluster, { name, spec: { backupName: 'many', namespaceMapping: { many: name } } })
      await awaitRestore(cluster, name, ({ status }) => (status?.progress?.itemsRestored ?? 0) >= items)
      await patchVelero(cluster, 'restores', name, { metadata: { annotations: { [cancelAnnotation]: 'enough' } } })
      const { status } = await awaitRestore(cluster, name)
      // On a fast machine it may have come to its end before the cancel.
      expect([status?.phase, status?.failureReason ?? '']).toEqual(
        status?.phase === 'Completed' ? ['Completed', ''] : ['Failed', 'cancelled: enough'],
      )
      const standing = await withAdmin(cluster, async (client) => {
        const labelled = `?labelSelector=velero.io/restore-name=${name}`
        const { body } = await client.must('GET', `/api/v1/namespaces/${name}/configmaps${labelled}`)
        return (body as { items: Manifest[] }).items.map(({ metadata }) => `${name}/${metadata.name}(created)`)
      })
      const { resourceList } = await readResultFiles(cluster, name)
      expect([...(resourceList?.['v1/ConfigMap'] ?? [])].sort()).toEqual(standing.sort())
      expect(standing.length).toBeLessThanOrEqual(many)
      const listed = Object.values(resourceList ?? {}).flat().length
      expect(status?.progress?.itemsRestored).toBe(listed)
    },
  )
})
