import { describe } from 'vitest'
import { createStores } from '../../../infra/store/open-store.ts'
import { bucketConformance } from '../../ports/bucket/conformance.ts'
import { aLocation, credentialsSecret, startS3 } from './start-s3.ts'

describe('a real S3 server', () => {
  bucketConformance(async () => {
    const s3 = await startS3()
    await s3.createBucket('backups')
    const cluster = { get: () => Promise.resolve(credentialsSecret(s3)) }
    const stores = createStores({ cluster, veleroNamespace: 'velero', env: {} })
    return {
      open: (prefix) => stores.open(aLocation(s3, 'backups', { prefix })),
      openNowhere: () => stores.open(aLocation(s3, 'nowhere')),
      close: () => s3.stop(),
    }
  })
})
