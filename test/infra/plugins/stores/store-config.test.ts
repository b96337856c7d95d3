import { afterAll, expect, it } from 'vitest'
import { createCredentialFiles } from '../../../../infra/plugins/credentials-file.ts'
import { configOf } from '../../../../infra/plugins/stores/object-stores.ts'
import type { BackupStorageLocation } from '../../../../velero/backup.ts'
import { createClock } from '../../../ports/clock.ts'
import { createCluster } from '../../../ports/cluster/cluster.ts'

const files = createCredentialFiles()
afterAll(() => files.close())

it('a plugin is not told of a file of the worker that its location names, and one warning says so', async () => {
  const location: BackupStorageLocation = {
    apiVersion: 'velero.io/v1',
    kind: 'BackupStorageLocation',
    metadata: { name: 'google', namespace: 'velero' },
    spec: {
      provider: 'gcp',
      objectStorage: { bucket: 'backups' },
      config: { credentialsFile: '/etc/passwd', project: 'p' },
    },
  }
  const warnings: string[] = []
  const secrets = { cluster: createCluster(createClock()).connect(), namespace: 'velero' }
  const config = await configOf(location, { secrets, files, warn: (message) => void warnings.push(message) })
  expect(config).toEqual({ project: 'p', bucket: 'backups', prefix: '' })
  expect(warnings).toEqual([
    expect.stringMatching(/^backup location "google": config has credentialsFile.* is ignored/),
  ])
})
