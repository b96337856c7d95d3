import { describe } from 'vitest'
import { systemClock } from '../../../infra/clock.ts'
import { connectCluster } from '../../../infra/cluster/connect.ts'
import { startPresence } from '../../../infra/presence/presence.ts'
import { presenceConformance } from '../../ports/presence/conformance.ts'
import { quietLog } from '../cluster/quiet-log.ts'
import { startApiServer } from '../cluster/start-api-server.ts'

describe('Leases in a real cluster', () => {
  presenceConformance(async () => {
    const server = await startApiServer()
    const connection = await connectCluster({
      kubeconfig: server.kubeconfig,
      log: quietLog(),
      requestTimeoutSeconds: 4,
      connectionsMax: 8,
    })
    return {
      async start(name) {
        const state = { isCutOff: false }
        const presence = await startPresence({
          connection,
          namespace: 'velero',
          worker: name,
          log: quietLog(),
          clock: systemClock,
          stillWanted: async () => {
            if (state.isCutOff) throw new Error('cut off by the test')
          },
        })
        return {
          presence,
          cutOff: () => void (state.isCutOff = true),
          letThrough: () => void (state.isCutOff = false),
          stop: () => presence.stop(),
        }
      },
      sleep: (ms) => systemClock.sleep(ms),
      run: (work) => work,
      nowMs: () => Date.now(),
      async close() {
        await connection.close()
      },
    }
  })
})
