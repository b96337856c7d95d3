import { rm } from 'node:fs/promises'
import { removeNodePlace } from './node/node-place.ts'
import { endProcess } from './processes/end-process.ts'
import { readState, writeState } from './state.ts'

/**
 * Stops every process of a stack or cluster and removes its folder. It leaves other processes alone, and does not touch
 * a folder that is not a stack's. Safe to call twice.
 */
export async function stopStack(dir: string, options: { keepFiles?: boolean } = {}): Promise<void> {
  const state = readState(dir)
  if (state === undefined) return
  await Promise.all(Object.values(state.services).map(endProcess))
  if (state.node !== undefined) await removeNodePlace(state.node)
  if (options.keepFiles === true) writeState(dir, { version: 1, services: {} })
  else await rm(dir, { recursive: true, force: true, maxRetries: 3 })
}
