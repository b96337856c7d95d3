import { Command, CommanderError } from 'commander'
import packageJson from '../../package.json' with { type: 'json' }
import { ClientError, exitCodes, explainError } from '../api/errors.ts'
import type { ExitCode, ExplainedError } from '../api/errors.ts'
import { takeBooleanValues, writeOutOptions } from './boolean-options.ts'
import { addGlobalOptions, isVerbose } from './command.ts'
import type { GlobalOptions, Io, RunCommand } from './command.ts'
import { addCancel } from './commands/cancel.ts'
import { addCodecServer } from './commands/codec-server.ts'
import { addCompletion } from './commands/completion.ts'
import { addDelete } from './commands/delete.ts'
import { addDescribe } from './commands/describe.ts'
import { addDoctor } from './commands/doctor.ts'
import { addDrill } from './commands/drill/drill.ts'
import { addList } from './commands/list.ts'
import { addTop } from './commands/screen/top.ts'
import { addLogs } from './commands/files/logs.ts'
import { addReport } from './commands/files/report.ts'
import { addPause } from './commands/pause.ts'
import { addPlan } from './commands/plan/plan.ts'
import { addRetry } from './commands/retry.ts'
import { addSearchAttributes } from './commands/search-attributes.ts'
import { addStart } from './commands/start.ts'
import { addUndo } from './commands/undo/undo.ts'
import { addUp } from './commands/up.ts'
import { addVeleroCommands } from './commands/velero-commands.ts'
import { addWatch } from './commands/watch.ts'

/** Runs the command line of this process and sets its exit code. */
export async function main(): Promise<void> {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', exitWithoutReader)
  const io = { out: process.stdout, err: process.stderr, in: process.stdin, env: process.env, now: () => new Date() }
  process.exitCode = await runProgram(process.argv.slice(2), io)
}

/** A reader that closes its pipe early, as in `drydock list | head -1`, is no error. */
function exitWithoutReader(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE') process.exit(0)
  throw error
}

/** Runs one command line and returns its exit code. An error is printed as one line on standard error. */
export async function runProgram(argv: readonly string[], io: Io): Promise<ExitCode> {
  let exitCode: ExitCode = exitCodes.ok
  const program = createProgram(io, async (command) => {
    exitCode = await command(io)
  })
  try {
    await program.parseAsync(writeOutOptions(argv, program), { from: 'user' })
    return exitCode
  } catch (thrown) {
    const { exitCode, line } = explain(thrown)
    if (line !== '') io.err.write(`${line}\n`)
    if (isVerbose(program.opts<GlobalOptions>()) && line !== '' && thrown instanceof Error)
      io.err.write(`${thrown.stack ?? ''}\n`)
    return exitCode
  }
}

/** Commander has printed its own message already; to show the help because the user asked for it is no error. */
function explain(thrown: unknown): ExplainedError {
  if (!(thrown instanceof CommanderError)) return explainError(thrown)
  const isAsked = ['commander.helpDisplayed', 'commander.version'].includes(thrown.code)
  return { exitCode: isAsked ? exitCodes.ok : exitCodes.usage, line: '' }
}

/** The command line with all commands; `run` is called with what a command does. */
export function createProgram(io: Pick<Io, 'out' | 'err'>, run: RunCommand): Command {
  const program = addGlobalOptions(new Command('drydock'))
    .description('Durable Velero restores on Temporal: start, watch and stop them.')
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
  const simple = [
    addStart,
    addList,
    addDescribe,
    addWatch,
    addTop,
    addCancel,
    addRetry,
    addUndo,
    addPause,
    addLogs,
    addReport,
    addDelete,
  ]
  for (const add of simple) add(program, run)
  addPlan(program, run)
  addCompletion(program, run)
  addSearchAttributes(program, run)
  addDoctor(program, run)
  addDrill(program, run)
  addCodecServer(program, run)
  addWorker(program)
  addUp(program, run)
  addVeleroCommands(program, run)
  takeBooleanValues(program)
  return program
}

/** For the help alone: `bin.cjs` runs a worker without loading the client. */
function addWorker(program: Command): void {
  program
    .command('worker')
    .description('run a worker, until Ctrl-C or SIGTERM; its settings are environment variables')
    .action(() => {
      throw new ClientError(exitCodes.usage, 'write the word worker first: drydock worker')
    })
}

/** The list at the end of each help. */
export const exitCodeHelp = `
Exit codes:
  0    done; with --wait or watch: the restore is Completed
  1    an error, told in one line on standard error
  2    the command line or the configuration is wrong
  3    the restore ended PartiallyFailed (with --wait, watch)
  4    the restore ended Failed or FailedValidation (with --wait, watch)
  5    the restore was cancelled or deleted (with --wait, watch)
  6    no such backup, schedule, restore or workflow
  7    Temporal cannot be reached
  8    the cluster cannot be reached, or refuses the credentials or the request
  130  interrupted by Ctrl-C; the restore continues`
