import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isRunning } from './processes/process-mark.ts'
import type { ProcessMark } from './processes/process-mark.ts'
import type { Cluster, NodePlace, Stack } from './stack-types.ts'

/** What `state.json` holds: enough to find and stop every process, whoever started it. */
export interface StackState {
  version: 1
  services: Record<string, ServiceState>
  /** What a node has of the machine. */
  node?: NodePlace
  /** Present once everything is up. */
  stack?: Stack
  cluster?: Cluster
}

export interface ServiceState extends ProcessMark {
  address: string
}

/** Reads the state of a stack; undefined where no stack has ever been in this folder. */
export function readState(dir: string): StackState | undefined {
  try {
    return JSON.parse(readFileSync(statePath(dir), 'utf8')) as StackState
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new Error(`${statePath(dir)} cannot be read; is it the state of a stack?`, { cause: error })
  }
}

/** Replaces the state in one step, so that a kill leaves the former or the new one. */
export function writeState(dir: string, state: StackState): void {
  const path = statePath(dir)
  writeFileSync(`${path}.new`, JSON.stringify(state, undefined, 2), { mode: 0o600 })
  renameSync(`${path}.new`, path)
}

const statePath = (dir: string): string => join(dir, 'state.json')

/** Whether everything that was started still runs. */
export function isUp(state: StackState): boolean {
  const services = Object.values(state.services)
  return services.length > 0 && services.every(isRunning)
}
