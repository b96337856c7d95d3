import type { Command } from 'commander'
import { exitCodes } from '../../api/errors.ts'
import type { ExitCode } from '../../api/errors.ts'
import { cancelRestore } from '../../api/signal-restore.ts'
import { requireRestore } from '../../api/velero-objects.ts'
import { printResult, withConnections } from '../command.ts'
import type { GlobalOptions, Io, RunCommand } from '../command.ts'
import { showUntilOver } from './watch.ts'

interface CancelOptions extends GlobalOptions {
  reason?: string
  wait?: boolean
}

const examples = `
Examples:
  drydock cancel shop-20260101120000 --reason "wrong backup"

The restore stops at the next item and ends Failed, "cancelled: <reason>"; what was restored stays.`

/** Adds `cancel`. */
export function addCancel(program: Command, run: RunCommand): void {
  const command = program
    .command('cancel')
    .description('stop a running restore, or its undo')
    .argument('<name>', 'name of the Restore')
    .option('--reason <text>', 'why; it becomes part of the failureReason')
    .option('-w, --wait', 'show the restore until it is over')
    .addHelpText('after', examples)
    .action((name: string) => run((io) => cancel(io, command.optsWithGlobals<CancelOptions>(), name)))
}

async function cancel(io: Io, options: CancelOptions, name: string): Promise<ExitCode> {
  const { reason = 'by drydock cancel', wait = false, output } = options
  return withConnections(io, options, async (connections) => {
    const restore = await requireRestore(connections, name)
    const by = await cancelRestore(connections, restore, reason)
    if (!wait || output === 'table') {
      printResult(io, output, { name, uid: restore.metadata.uid, cancelRequested: true, by }, () =>
        by === 'signal'
          ? `Restore "${name}" is asked to stop`
          : `Restore "${name}" is asked to stop by an annotation, since its workflow cannot be reached; a worker that watches the cluster will stop it`,
      )
    }
    return wait ? showUntilOver(io, connections, { restore, output }) : exitCodes.ok
  })
}
