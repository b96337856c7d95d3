import { asFailure } from '../frame/failures.ts'
import { withAttempt } from '../frame/run-activity.ts'
import type { Ports } from '../ports.ts'
import type { AdmittedRef } from '../../contract/restore-workflow.ts'
import type { Settings } from '../settings.ts'

const pollMs = 1000

/** Waits until a namespace that is going away is gone, at most for the terminating timeout. */
export function awaitNamespace(
  { cluster, presence, clock }: Pick<Ports, 'cluster' | 'presence' | 'clock'>,
  settings: Settings,
) {
  return (input: { ref: AdmittedRef; name: string; since?: string }): Promise<{ gone: boolean }> =>
    withAttempt(presence.worker, async (attempt) => {
      const deadline = clock.now().getTime() + settings.terminatingTimeoutSeconds * 1000
      try {
        for (;;) {
          const namespace = await cluster.get({ group: '', version: 'v1', resource: 'namespaces', name: input.name })
          if (namespace === undefined || namespace.metadata.deletionTimestamp === undefined) return { gone: true }
          const left = Math.ceil((deadline - clock.now().getTime()) / 1000)
          if (left <= 0) return { gone: false }
          attempt.waitingFor(`namespace ${input.name} to go away, for another ${left} s`)
          await clock.sleep(pollMs, attempt.signal)
        }
      } catch (thrown) {
        throw asFailure(thrown, `waiting for namespace ${input.name} to go away`)
      }
    })
}
