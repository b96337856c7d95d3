import type { Command } from 'commander'
import { exitCodes } from '../../../api/errors.ts'
import type { ExitCode } from '../../../api/errors.ts'
import { isOver, readAllRestores } from '../../../api/velero-objects.ts'
import type { Restore } from '../../../../velero/restore.ts'
import { withConnections } from '../../command.ts'
import type { GlobalOptions, Io, RunCommand } from '../../command.ts'
import { isInterrupt, untilInterrupted } from '../watch.ts'

interface TopOptions extends GlobalOptions {
  once?: boolean
}

/** A restore that ended so long ago is still shown. */
const shownAfterMs = 10 * 60_000

const examples = `
Examples:
  drydock top
  drydock top --once -o json

Ctrl-C ends the showing only; the restores continue.`

/** Adds `top`. */
export function addTop(program: Command, run: RunCommand): void {
  const command = program
    .command('top')
    .description('show all restores of all namespaces that go on, or ended within ten minutes, on one screen')
    .option('--once', 'show them once')
    .addHelpText('after', examples)
    .action(() => run((io) => top(io, command.optsWithGlobals<TopOptions>())))
}

async function top(io: Io, options: TopOptions): Promise<ExitCode> {
  return withConnections(io, options, async (connections) => {
    const { showSeveral } = await import('./show-several.ts')
    const read = async () => (await readAllRestores(connections)).filter((one) => isShown(one, io.now()))
    const once = options.once === true || (options.output === 'table' && io.out.isTTY !== true)
    try {
      await untilInterrupted((signal) =>
        showSeveral(io, connections, { read, output: options.output, once, isDone: () => false }, signal),
      )
    } catch (thrown) {
      if (!isInterrupt(thrown)) throw thrown
      return exitCodes.interrupted
    }
    return exitCodes.ok
  })
}

function isShown(restore: Restore, now: Date): boolean {
  const ended = Date.parse(restore.status?.completionTimestamp ?? '')
  return !isOver(restore) || now.getTime() - ended < shownAfterMs
}
