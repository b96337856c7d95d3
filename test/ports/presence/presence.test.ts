import { describe } from 'vitest'
import { createClock } from '../clock.ts'
import { presenceConformance } from './conformance.ts'
import { createLeases } from './presence.ts'

describe('Leases in memory', () => {
  presenceConformance(async () => {
    const clock = createClock()
    const leases = createLeases(clock)
    return {
      async start(name) {
        const presence = leases.start(name)
        return {
          presence,
          cutOff: () => presence.cutOff(),
          letThrough: () => presence.letThrough(),
          stop: () => presence.stop(),
        }
      },
      sleep: (ms) => clock.advance(ms),
      run: (work) => clock.run(work),
      nowMs: () => clock.nowMs(),
      close: async () => {},
    }
  })
})
