import { isRunning } from './process-mark.ts'
import type { StackState } from './state.ts'

/** Whether everything that was started still runs. */
export function isUp(state: StackState): boolean {
  const services = Object.values(state.services)
  return services.length > 0 && services.every(isRunning)
}
