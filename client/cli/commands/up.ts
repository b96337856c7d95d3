import { InvalidArgumentError } from 'commander'
import type { Command } from 'commander'
import type { RunCommand } from '../command.ts'
import type { UpOptions } from '../up/run-up.ts'

const examples = `
Examples:
  drydock up
  drydock up --data /srv/drydock --port 7333 --ui-port 8333

For trials and for one user. It needs Temporal's command line, \`temporal\`, on PATH or named by DRYDOCK_TEMPORAL_BIN.
The worker's settings are environment variables, as those of \`drydock worker\`.`

/** Adds `up`. */
export function addUp(program: Command, run: RunCommand): void {
  const command = program
    .command('up')
    .description('run a small Temporal with a database file and a worker beside it, until Ctrl-C or SIGTERM')
    .option('--data <folder>', 'where the database is; without it ~/.local/share/drydock')
    .option('--port <number>', "Temporal's port on 127.0.0.1", parsePort, 7233)
    .option('--ui-port <number>', 'the port of its Web UI', parsePort, 8233)
    .addHelpText('after', examples)
    .action(() =>
      run(async (io) => {
        const { runUp } = await import('../up/run-up.ts')
        return runUp(io, command.opts<UpOptions>())
      }),
    )
}

function parsePort(text: string): number {
  const port = Number(text)
  if (Number.isInteger(port) && port > 0 && port < 65_536) return port
  throw new InvalidArgumentError('It must be a port from 1 to 65535.')
}
