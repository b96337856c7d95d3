import type { Command } from 'commander'
import { connectTemporal, requireTemporal } from '../../api/connections.ts'
import { exitCodes } from '../../api/errors.ts'
import type { ExitCode } from '../../api/errors.ts'
import { registerSearchAttributes } from '../../../contract/search-attributes.ts'
import { printResult } from '../command.ts'
import type { GlobalOptions, Io, RunCommand } from '../command.ts'

const examples = `
Examples:
  drydock search-attributes register
  drydock search-attributes register --profile production

Restores can then be found in Temporal by restore, backup, namespace, phase and outcome.
A worker sees them after its next start. On Temporal Cloud register them with tcld or on its web page instead.`

/** Adds `search-attributes register`. */
export function addSearchAttributes(program: Command, run: RunCommand): void {
  const group = program.command('search-attributes').description("Temporal's search attributes of restores")
  const command = group
    .command('register')
    .description('register the search attributes that the Temporal namespace does not have')
    .addHelpText('after', examples)
    .action(() => run((io) => register(io, command.optsWithGlobals<GlobalOptions>())))
}

async function register(io: Io, options: GlobalOptions): Promise<ExitCode> {
  const { client, namespace } = await requireTemporal(connectTemporal(options))
  try {
    const registered = await registerSearchAttributes(client, namespace)
    printResult(io, options.output, { namespace, registered }, () =>
      registered.length === 0
        ? `All search attributes are there in Temporal namespace ${namespace}`
        : `Registered in Temporal namespace ${namespace}: ${registered.join(', ')}`,
    )
    return exitCodes.ok
  } finally {
    await client.connection.close()
  }
}
