import type { Command } from 'commander'
import { describeRestore } from '../../api/describe-restore.ts'
import { exitCodes } from '../../api/errors.ts'
import type { ExitCode } from '../../api/errors.ts'
import { requireRestore } from '../../api/velero-objects.ts'
import { renderDescription } from '../../show/render-description.ts'
import { printResult, withConnections } from '../command.ts'
import type { GlobalOptions, Io, RunCommand } from '../command.ts'

const examples = `
Examples:
  drydock describe shop-20260101120000
  drydock describe shop-20260101120000 -o yaml`

/** Adds `describe`. */
export function addDescribe(program: Command, run: RunCommand): void {
  const command = program
    .command('describe')
    .description('show all that is known about a restore: spec, phase, counts, messages, workflow')
    .argument('<name>', 'name of the Restore')
    .addHelpText('after', examples)
    .action((name: string) => run((io) => describe(io, command.optsWithGlobals<GlobalOptions>(), name)))
}

async function describe(io: Io, options: GlobalOptions, name: string): Promise<ExitCode> {
  return withConnections(io, options, async (connections) => {
    const description = await describeRestore(connections, await requireRestore(connections, name), io.env)
    printResult(io, options.output, description, () => renderDescription(description))
    return exitCodes.ok
  })
}
