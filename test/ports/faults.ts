import { ApiError, ArchiveError, StoreError } from '../../core/port-errors.ts'
import type { SimulatedClock } from './clock.ts'
import type { Around, PortCall } from './calls.ts'

/**
 * What may go wrong with one call:
 * - `refused`: it has no effect, and its error passes when tried again;
 * - `unanswered`: it has its effect, but its answer is lost, which looks like an error that passes;
 * - `death`: it has its effect, and the process dies before it gets to know.
 */
export type Fault = 'refused' | 'unanswered' | 'death'

/** The process is no more: nothing that it calls has an effect from now on. No code but the test's may tell it apart. */
export class Death extends Error {
  override readonly name = 'Death'
}

/** Says what goes wrong with the n-th call, from 1; undefined where all goes well. */
export type FaultPlan = (n: number, call: PortCall) => Fault | undefined

/** Makes calls go wrong as planned. `onDeath` ends the process. */
export function withFaults(plan: FaultPlan, onDeath: () => void = () => {}): Around {
  let n = 0
  return async (call, run) => {
    const fault = plan(++n, call)
    if (fault === undefined) return run()
    if (fault === 'refused') throw passingError(call)
    // The call itself may be refused for good reasons; then that is the answer that gets lost.
    await run().catch(() => undefined)
    if (fault === 'unanswered') throw passingError(call)
    onDeath()
    throw new Death(`the process died after ${call.port} ${call.name} ${call.on}`)
  }
}

/** Makes each call take that long, half of it on the way there. */
export function withLatency(clock: SimulatedClock, ms: number): Around {
  return async (_call, run) => {
    await clock.sleep(ms / 2)
    const answer = await run()
    await clock.sleep(ms / 2)
    return answer
  }
}

/** Whether a call can fail with an error that passes. Waiting for others ends only well, or with the caller's own end. */
export function canFail({ port }: PortCall): boolean {
  return !(['presence', 'exec', 'snapshotter', 'plugin', 'webhook'] as PortCall['port'][]).includes(port)
}

/** What the real port throws where the other side is away for a moment. */
export function passingError({ port, name, on }: PortCall): Error {
  const text = `${name} ${on}: connect ECONNREFUSED (a fault of the test)`
  switch (port) {
    case 'cluster':
      return new ApiError({ code: 0, reason: 'Unreachable', message: text })
    case 'bucket':
      return new StoreError('unreachable', text)
    case 'archives':
      return new ArchiveError('disk', text)
    case 'temporal':
    case 'presence':
    case 'exec':
    case 'snapshotter':
    case 'plugin':
    case 'webhook':
      return new Error(text)
  }
}
