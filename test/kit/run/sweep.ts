import { existsSync, mkdtempSync, readdirSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stopStack } from '../../../devstack/stop-stack.ts'
import { keepStackEvidence } from '../secrets/evidence.ts'

const pattern = /^drydock-own-(\d+)-/

/** A folder for a stack of this process: its name tells whose it is, so that a later run can clean up after a killed one. */
export function ownDir(): string {
  return mkdtempSync(join(tmpdir(), `drydock-own-${process.pid}-`))
}

/** Stops the stacks of test runs that were killed and could not do so themselves. */
export async function sweepLeftovers(): Promise<void> {
  for (const name of readdirSync(tmpdir())) {
    const pid = pattern.exec(name)?.[1]
    if (pid === undefined || existsSync(`/proc/${pid}`) || !existsSync('/proc')) continue
    await removeOwn(join(tmpdir(), name))
  }
}

/** Stops the stack in this folder, or those in the folders in it, and removes the folder, but for what a run searches in the end. */
export async function removeOwn(dir: string): Promise<void> {
  const inner = readdirSync(dir, { withFileTypes: true }).filter((entry) => entry.isDirectory())
  for (const stack of [dir, ...inner.map(({ name }) => join(dir, name))]) {
    await stopStack(stack, { keepFiles: true }).catch(() => undefined)
    keepStackEvidence(stack)
  }
  await rm(dir, { recursive: true, force: true })
}
