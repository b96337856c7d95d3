import { Argument } from 'commander'
import type { Command } from 'commander'
import { completionScript, namesCommand, shells } from '../completion.ts'
import type { Shell } from '../completion.ts'
import { exitCodes } from '../exit-codes.ts'
import type { ExitCode } from '../exit-codes.ts'
import type { Io } from '../io.ts'
import { namesOf } from '../../api/velero-objects.ts'
import { withConnections } from '../command.ts'
import type { GlobalOptions } from '../command.ts'

const examples = `
Examples:
  eval "$(drydock completion bash)"
  source <(drydock completion zsh)
  drydock completion fish | source`

/** Adds `completion`, and the hidden command that its scripts ask for names. */
export function addCompletion(program: Command, run: (work: (io: Io) => Promise<ExitCode>) => Promise<void>): void {
  program
    .command('completion')
    .description('print the completion script for a shell')
    .addArgument(new Argument('<shell>', 'which shell').choices(shells))
    .addHelpText('after', examples)
    .action((shell: Shell) =>
      run(async (io) => {
        io.out.write(completionScript(program, shell))
        return exitCodes.ok
      }),
    )
  const names = program
    .command(namesCommand, { hidden: true })
    .addArgument(new Argument('<resource>').choices(['restores', 'backups', 'schedules']))
    .action((resource: 'restores' | 'backups' | 'schedules') =>
      run((io) => printNames(io, names.optsWithGlobals<GlobalOptions>(), resource)),
    )
}

async function printNames(
  io: Io,
  options: GlobalOptions,
  resource: 'restores' | 'backups' | 'schedules',
): Promise<ExitCode> {
  return withConnections(io, options, async (connections) => {
    for (const name of await namesOf(connections, resource)) io.out.write(`${name}\n`)
    return exitCodes.ok
  })
}
