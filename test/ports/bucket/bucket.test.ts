import { describe } from 'vitest'
import { aLocation } from '../../infra/store/start-s3.ts'
import { bucketConformance } from './conformance.ts'
import { createBuckets } from './bucket.ts'

describe('the bucket in memory', () => {
  bucketConformance(async () => {
    const buckets = createBuckets()
    buckets.make('backups')
    const server = { url: 'http://127.0.0.1:9000' }
    return {
      open: (prefix) => buckets.open(aLocation(server, 'backups', { prefix })),
      openNowhere: () => buckets.open(aLocation(server, 'nowhere')),
      close: async () => {},
    }
  })
})
