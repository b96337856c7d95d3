import { stringify } from 'yaml'
import { countOutcome } from '../api/count-outcome.ts'
import type { Connections } from '../api/connections.ts'
import { createDisplay } from '../show/display.ts'
import { exitCodeOf, exitCodes } from './exit-codes.ts'
import type { ExitCode } from './exit-codes.ts'
import { followRestore } from '../api/follow-restore.ts'
import { Interrupted, interruptible } from './interrupt.ts'
import type { Io } from './io.ts'
import { inWords } from '../show/progress.ts'
import { print } from './print.ts'
import type { OutputFormat } from './print.ts'
import type { RestoreState } from '../api/restore-state.ts'
import type { Restore } from '../../velero/restore.ts'

/** What to follow, and how it is shown. */
export interface AwaitOptions {
  restore: Restore
  output: OutputFormat
  /** With json or yaml every state is printed, not the outcome alone. */
  everyState?: boolean
}

/** Shows a restore until it is over, then its outcome; the exit code says how it ended. Ctrl-C leaves it running. */
export async function awaitEnd(io: Io, connections: Connections, options: AwaitOptions): Promise<ExitCode> {
  const { restore, output } = options
  const show = shower(io, options)
  let ended: Restore | undefined
  try {
    ended = await interruptible((signal) => followRestore(connections, restore, { onState: show.state, signal }))
  } catch (thrown) {
    if (!(thrown instanceof Interrupted)) throw thrown
    show.end()
    const { name } = restore.metadata
    io.err.write(
      `Restore "${name}" goes on. See it with: drydock watch ${name}. Stop it with: drydock cancel ${name}\n`,
    )
    return exitCodes.interrupted
  }
  show.end()
  if (options.everyState !== true || output === 'table')
    print(io, output, countOutcome(restore, ended), () => outcomeText(restore, ended))
  return exitCodeOf(ended)
}

function shower(io: Io, options: AwaitOptions): { state: (state: RestoreState) => void; end: () => void } {
  const { output, everyState = false } = options
  if (output === 'table') {
    const display = createDisplay(io.out)
    return { state: (state) => display.show(state), end: () => display.end() }
  }
  if (!everyState) {
    const display = io.err.isTTY === true ? createDisplay(io.err) : undefined
    return { state: (state) => display?.show(state), end: () => display?.end() }
  }
  let told = ''
  const state = (seen: RestoreState) => {
    const line = JSON.stringify(seen)
    if (line === told) return
    told = line
    if (output === 'json') io.out.write(`${line}\n`)
    else io.out.write(`---\n${stringify(seen)}`)
  }
  return { state, end: () => {} }
}

/** How it ended, for people. */
export function outcomeText(restore: Restore, ended: Restore | undefined): string {
  const outcome = countOutcome(restore, ended)
  const took = outcome.seconds === undefined ? '' : `, ${inWords(outcome.seconds)}`
  if (ended === undefined) return `Restore "${outcome.name}" was deleted`
  const counts = `${outcome.items} items, ${outcome.warnings} warnings, ${outcome.errors} errors${took}`
  const reasons = [outcome.reason, ...(outcome.validationErrors ?? [])].filter((reason) => reason !== undefined)
  const hint = outcome.warnings + outcome.errors > 0 ? [`See them with: drydock describe ${outcome.name}`] : []
  return [`Restore "${outcome.name}" ${outcome.phase}: ${counts}`, ...reasons, ...hint].join('\n')
}
