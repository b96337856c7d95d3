import type { Command } from 'commander'
import { gatherDescription } from '../../api/describe-restore.ts'
import { renderDescription } from '../../show/render-description.ts'
import { exitCodes } from '../exit-codes.ts'
import type { ExitCode } from '../exit-codes.ts'
import type { Io } from '../io.ts'
import { print } from '../print.ts'
import { requireRestore } from '../../api/velero-objects.ts'
import { withConnections } from '../command.ts'
import type { GlobalOptions } from '../command.ts'

/** Adds `describe`. */
export function addDescribe(program: Command, run: (work: (io: Io) => Promise<ExitCode>) => Promise<void>): void {
  const command = program
    .command('describe')
    .description('show all there is to know about a restore: spec, phase, counts, messages, workflow')
    .argument('<name>', 'name of the Restore')
    .addHelpText(
      'after',
      '\nExamples:\n  drydock describe shop-20260101120000\n  drydock describe shop-20260101120000 -o yaml',
    )
    .action((name: string) => run((io) => describe(io, command.optsWithGlobals<GlobalOptions>(), name)))
}

async function describe(io: Io, options: GlobalOptions, name: string): Promise<ExitCode> {
  return withConnections(io, options, async (connections) => {
    const restore = await requireRestore(connections, name)
    const description = await gatherDescription(connections, restore, io.env)
    print(io, options.output, description, () => renderDescription(description))
    return exitCodes.ok
  })
}
