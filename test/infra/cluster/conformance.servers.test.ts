import { describe } from 'vitest'
import { systemClock } from '../../../infra/clock.ts'
import { connectCluster } from '../../../infra/cluster/connect.ts'
import { clusterConformance } from '../../ports/cluster/conformance.ts'
import { quietLog } from './quiet-log.ts'
import { startApiServer } from './start-api-server.ts'

describe('a real API server', () => {
  clusterConformance(async () => {
    const server = await startApiServer()
    const connection = await connectCluster({
      kubeconfig: server.kubeconfig,
      log: quietLog(),
      requestTimeoutSeconds: 4,
      connectionsMax: 8,
    })
    return {
      cluster: connection.cluster,
      sleep: (ms) => systemClock.sleep(ms),
      async close() {
        await connection.close()
      },
    }
  })
})
