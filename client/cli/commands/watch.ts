import type { Command } from 'commander'
import { awaitEnd } from '../await-end.ts'
import type { ExitCode } from '../exit-codes.ts'
import type { Io } from '../io.ts'
import { requireRestore } from '../../api/velero-objects.ts'
import { withConnections } from '../command.ts'
import type { GlobalOptions } from '../command.ts'

const examples = `
Examples:
  drydock watch shop-20260101120000
  drydock watch shop-20260101120000 -o json | jq -r .phase    one state a line

Ctrl-C ends the watching only; the restore goes on.`

/** Adds `watch`. */
export function addWatch(program: Command, run: (work: (io: Io) => Promise<ExitCode>) => Promise<void>): void {
  const command = program
    .command('watch')
    .description('show a restore until it is over: phase, wave, items, rate, time left, what is waited for')
    .argument('<name>', 'name of the Restore')
    .addHelpText('after', examples)
    .action((name: string) => run((io) => watch(io, command.optsWithGlobals<GlobalOptions>(), name)))
}

async function watch(io: Io, options: GlobalOptions, name: string): Promise<ExitCode> {
  return withConnections(io, options, async (connections) => {
    const restore = await requireRestore(connections, name)
    return awaitEnd(io, connections, { restore, output: options.output, everyState: true })
  })
}
