import type { Command } from 'commander'
import { connectTemporal, requireTemporal } from '../../api/connections.ts'
import { exitCodes } from '../exit-codes.ts'
import type { ExitCode } from '../exit-codes.ts'
import type { Io } from '../io.ts'
import { print } from '../print.ts'
import { registerSearchAttributes } from '../../../contract/search-attributes.ts'
import type { GlobalOptions } from '../command.ts'

const examples = `
Examples:
  drydock search-attributes register
  drydock search-attributes register --profile production

Restores can then be found in Temporal by restore, backup, namespace, phase and outcome.
Workers notice when they are started again. Temporal Cloud takes them by tcld or its own page instead.`

/** Adds `search-attributes register`. */
export function addSearchAttributes(
  program: Command,
  run: (work: (io: Io) => Promise<ExitCode>) => Promise<void>,
): void {
  const group = program.command('search-attributes').description("Temporal's search attributes of restores")
  const command = group
    .command('register')
    .description('register them in the Temporal namespace, once, where they are missing')
    .addHelpText('after', examples)
    .action(() => run((io) => register(io, command.optsWithGlobals<GlobalOptions>())))
}

async function register(io: Io, options: GlobalOptions): Promise<ExitCode> {
  const { client, namespace } = await requireTemporal(connectTemporal(options))
  try {
    const registered = await registerSearchAttributes(client, namespace)
    print(io, options.output, { namespace, registered }, () =>
      registered.length === 0
        ? `All search attributes are there in Temporal namespace ${namespace}`
        : `Registered in Temporal namespace ${namespace}: ${registered.join(', ')}`,
    )
    return exitCodes.ok
  } finally {
    await client.connection.close()
  }
}
