import Table from 'cli-table3'
import { isRunning } from './process-mark.ts'
import type { StackState } from './state.ts'

/** A table of the servers of a stack. */
export function showStatus(state: StackState): string {
  const table = new Table({ head: ['service', 'pid', 'address', 'up'], style: { head: [], border: [] } })
  for (const [name, service] of Object.entries(state.services))
    table.push([name, service.pid, service.address, isRunning(service) ? 'yes' : 'no'])
  return table.toString()
}
