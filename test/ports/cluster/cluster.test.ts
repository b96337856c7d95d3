import { describe } from 'vitest'
import { createClock } from '../clock.ts'
import { createCluster } from './cluster.ts'
import { clusterConformance } from './conformance.ts'

describe('the cluster in memory', () => {
  clusterConformance(async () => {
    const clock = createClock()
    return { cluster: createCluster(clock).connect(), sleep: (ms) => clock.advance(ms), close: async () => {} }
  })
})
