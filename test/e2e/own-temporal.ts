import { execFileSync } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { Connection } from '@temporalio/client'
import { endProcess } from '../../devstack/end-process.ts'
import { openHome } from '../../devstack/home.ts'
import { launch } from '../../devstack/launch.ts'
import { startTemporal } from '../../devstack/services/temporal.ts'
import type { TemporalAddress } from '../../devstack/stack-types.ts'
import { stopStack } from '../../devstack/stop-stack.ts'
import { whenFileIsOver } from '../kit/clean-up.ts'
import { ownDir } from '../kit/sweep.ts'

/** A Temporal server of a test's own, which may go away and come back. */
export interface OwnTemporal extends TemporalAddress {
  /** Ends it without a word, as a machine that fails does. */
  kill(): Promise<void>
  /** Starts it again on its ports and with its database, and waits until it answers. */
  startAgain(): Promise<void>
}

/** Starts one beside that of the test run. It is stopped after the tests of the file. */
export async function ownTemporal(): Promise<OwnTemporal> {
  const dir = ownDir()
  whenFileIsOver(async () => {
    await stopStack(dir)
    await rm(dir, { recursive: true, force: true })
  })
  const home = openHome(dir)
  const { address, uiUrl } = await startTemporal(home)
  const running = () => {
    const mark = home.state.services['temporal']
    if (mark === undefined) throw new Error('the stack has no Temporal server')
    return mark
  }
  const [binary = '', ...args] = commandOf(running().pid)
  return {
    address,
    uiUrl,
    kill: () => endProcess(running()),
    startAgain: () => launch(home, { name: 'temporal', binary, args, address, ready: () => answers(address) }),
  }
}

/** No argument of it has a blank in it. */
function commandOf(pid: number): string[] {
  return execFileSync('ps', ['-ww', '-o', 'args=', '-p', String(pid)], { encoding: 'utf8' })
    .trim()
    .split(' ')
}

async function answers(address: string): Promise<boolean> {
  const connection = await Connection.connect({ address, connectTimeout: '2s' })
  try {
    await connection.workflowService.describeNamespace({ namespace: 'default' })
    return true
  } finally {
    await connection.close()
  }
}
