import packageJson from '../../package.json' with { type: 'json' }
import { Command } from 'commander'
import { addCancel } from './commands/cancel.ts'
import { addCompletion } from './commands/completion.ts'
import { addDescribe } from './commands/describe.ts'
import { addGlobalOptions } from './command.ts'
import { addList } from './commands/list.ts'
import { addLogs } from './commands/logs.ts'
import { addPause } from './commands/pause.ts'
import { addSearchAttributes } from './commands/search-attributes.ts'
import { addStart } from './commands/start.ts'
import { addWatch } from './commands/watch.ts'
import { exitCodeHelp, exitCodes } from './exit-codes.ts'
import type { ExitCode } from './exit-codes.ts'
import { explainError } from '../api/errors.ts'
import type { Io } from './io.ts'

/** Runs one command line and returns its exit code. Whatever goes wrong is one line on standard error. */
export async function runProgram(argv: readonly string[], io: Io): Promise<ExitCode> {
  let exitCode: ExitCode = exitCodes.ok
  const program = createProgram(io, async (work) => {
    exitCode = await work(io)
  })
  try {
    await program.parseAsync([...argv], { from: 'user' })
    return exitCode
  } catch (thrown) {
    const { exitCode, line } = explainError(thrown)
    if (line !== '') io.err.write(`${line}\n`)
    if (argv.includes('--verbose') && line !== '' && thrown instanceof Error) io.err.write(`${thrown.stack ?? ''}\n`)
    return exitCode
  }
}

/** The whole command line: `run` is given what a command does. */
export function createProgram(io: Io, run: (work: (io: Io) => Promise<ExitCode>) => Promise<void>): Command {
  const program = addGlobalOptions(new Command('drydock'))
    .description('Durable Velero restores on Temporal: start, see, stop.')
    .version(packageJson.version)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void io.out.write(text),
      writeErr: (text) => void io.err.write(text),
      getOutHelpWidth: () => io.out.columns ?? 100,
    })
    .configureHelp({ showGlobalOptions: true })
    .showSuggestionAfterError(true)
    .addHelpText('after', '\nExamples:\n  drydock start --from-backup shop --wait\n  drydock list')
    .addHelpText('afterAll', exitCodeHelp)
  for (const add of [addStart, addList, addDescribe, addWatch, addCancel, addPause, addLogs]) add(program, run)
  addCompletion(program, run)
  addSearchAttributes(program, run)
  return program
}
