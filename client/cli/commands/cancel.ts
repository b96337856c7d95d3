import type { Command } from 'commander'
import { awaitEnd } from '../await-end.ts'
import { cancelRestore } from '../../api/signal-restore.ts'
import { exitCodes } from '../exit-codes.ts'
import type { ExitCode } from '../exit-codes.ts'
import type { Io } from '../io.ts'
import { print } from '../print.ts'
import { requireRestore } from '../../api/velero-objects.ts'
import { withConnections } from '../command.ts'
import type { GlobalOptions } from '../command.ts'

interface CancelOptions extends GlobalOptions {
  reason?: string
  wait?: boolean
}

const examples = `
Examples:
  drydock cancel shop-20260101120000 --reason "wrong backup"

The restore stops at the next item and ends Failed, "cancelled: <reason>"; what was restored stays.`

/** Adds `cancel`. */
export function addCancel(program: Command, run: (work: (io: Io) => Promise<ExitCode>) => Promise<void>): void {
  const command = program
    .command('cancel')
    .description('stop a running restore')
    .argument('<name>', 'name of the Restore')
    .option('--reason <text>', 'why; it stands in the failureReason')
    .option('-w, --wait', 'show the restore until it is over')
    .addHelpText('after', examples)
    .action((name: string) => run((io) => cancel(io, command.optsWithGlobals<CancelOptions>(), name)))
}

async function cancel(io: Io, options: CancelOptions, name: string): Promise<ExitCode> {
  return withConnections(io, options, async (connections) => {
    const restore = await requireRestore(connections, name)
    const by = await cancelRestore(connections, restore, options.reason ?? 'by drydock cancel')
    if (options.wait !== true || options.output === 'table') {
      print(io, options.output, { name, uid: restore.metadata.uid, cancelRequested: true, by }, () =>
        by === 'signal'
          ? `Restore "${name}" is asked to stop`
          : `Restore "${name}" is asked to stop by an annotation: its workflow cannot be reached, a worker that watches the cluster will see to it`,
      )
    }
    return options.wait === true ? awaitEnd(io, connections, { restore, output: options.output }) : exitCodes.ok
  })
}
