import { endProcess } from '../../../devstack/processes/end-process.ts'
import { freePorts } from '../../../devstack/processes/free-ports.ts'
import { openHome } from '../../../devstack/home.ts'
import { launchTemporal } from '../../../devstack/services/temporal.ts'
import type { TemporalAddress } from '../../../devstack/stack-types.ts'
import { whenFileIsOver } from '../../kit/run/clean-up.ts'
import { ownDir, removeOwn } from '../../kit/run/sweep.ts'

/** A Temporal server of a test's own, which may go away and come back. */
export interface OwnTemporal extends TemporalAddress {
  /** Ends it without a word, as a machine that fails does. */
  kill(): Promise<void>
  /** Starts it again on its ports and with its database, and waits until it answers. */
  startAgain(): Promise<void>
}

/**
 * Starts one beside that of the test run, with these settings of its dynamic configuration (`key=value`). It is stopped
 * after the tests of the file.
 */
export async function ownTemporal(dynamicConfig: readonly string[] = []): Promise<OwnTemporal> {
  const dir = ownDir()
  whenFileIsOver(() => removeOwn(dir))
  const home = openHome(dir)
  const ports = await freePorts(4)
  const start = () => launchTemporal(home, ports, undefined, dynamicConfig)
  const temporal = await start()
  return {
    ...temporal,
    kill: async () => {
      const running = home.state.services['temporal']
      if (running === undefined) throw new Error('the stack has no Temporal server')
      await endProcess(running)
    },
    startAgain: async () => {
      await start()
    },
  }
}
