import type { Command } from 'commander'
import { ClientError } from '../../api/client-error.ts'
import { exitCodes } from '../exit-codes.ts'
import type { ExitCode } from '../exit-codes.ts'
import type { Io } from '../io.ts'
import { print } from '../print.ts'
import { readResultFile } from '../../api/read-result-file.ts'
import { isOver } from '../../api/restore-state.ts'
import { requireRestore } from '../../api/velero-objects.ts'
import { withConnections } from '../command.ts'
import type { GlobalOptions } from '../command.ts'

const examples = `
Examples:
  drydock logs shop-20260101120000 | grep level=error

The log is read from the backup location, with the credentials of its Secret; without access to that it is
downloaded, as by Velero's command line.`

/** Adds `logs`. */
export function addLogs(program: Command, run: (work: (io: Io) => Promise<ExitCode>) => Promise<void>): void {
  const command = program
    .command('logs')
    .description('print the log of a restore that is over')
    .argument('<name>', 'name of the Restore')
    .addHelpText('after', examples)
    .action((name: string) => run((io) => logs(io, command.optsWithGlobals<GlobalOptions>(), name)))
}

async function logs(io: Io, options: GlobalOptions, name: string): Promise<ExitCode> {
  return withConnections(io, options, async (connections) => {
    const restore = await requireRestore(connections, name)
    const log = await readResultFile(connections, restore, 'RestoreLog')
    if (log === undefined) throw new ClientError(exitCodes.error, whyNone(name, isOver(restore), restore.status?.phase))
    print(io, options.output, { name, lines: log.trimEnd().split('\n') }, () => log.trimEnd())
    return exitCodes.ok
  })
}

function whyNone(name: string, over: boolean, phase: string | undefined): string {
  return over
    ? `There is no log of restore "${name}", which ended ${phase ?? ''}`
    : `The log of restore "${name}" is written when its items are restored; it is ${phase || 'New'} now`
}
