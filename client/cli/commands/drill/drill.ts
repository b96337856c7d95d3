import type { Command } from 'commander'
import { InvalidArgumentError } from 'commander'
import { parseTimeout } from '../../bucket-options.ts'
import type { GlobalOptions, Io, RunCommand } from '../../command.ts'
import { parseList } from '../../spec-options.ts'
import type { ExitCode } from '../../../api/errors.ts'
import type { CreateDrillOptions } from './create-drill.ts'

const examples = `
Examples:
  drydock drill create --schedule "0 3 * * *" --from-schedule nightly --into scratch-
  drydock drill run nightly --wait
  drydock drill describe nightly

A drill restores the newest backup into scratch namespaces, keeps the report and removes all that it made.
Names, addresses and ports of others are not taken, Jobs and CronJobs are suspended.`

/** Adds `drill` with its commands. */
export function addDrill(program: Command, run: RunCommand): void {
  const group = program
    .command('drill')
    .description('restore the newest backup again and again, to know that it can be')
  group.addHelpText('after', examples)
  addCreate(group, run)
  const list = group.command('list').description('list the drills')
  list.action(() => run(async (io) => (await acts()).list(io, list.optsWithGlobals<GlobalOptions>())))
  const describe = named(group, 'describe', 'show a drill, its next run and its last results').option(
    '--report <file>',
    'write the report of the last run into this file, a page of HTML',
  )
  act(describe, run, (actions, io, options: GlobalOptions & { report?: string }, name) =>
    actions.describe(io, options, name),
  )
  const begin = named(group, 'run', 'begin a drill now').option('--wait', 'wait until it is over')
  act(begin, run, (actions, io, options: GlobalOptions & { wait?: boolean }, name) => actions.begin(io, options, name))
  const pause = named(group, 'pause', 'begin no drill until resume').option('--reason <text>', 'why')
  act(pause, run, (actions, io, options: GlobalOptions & { reason?: string }, name) => actions.pause(io, options, name))
  act(named(group, 'resume', 'let a paused drill begin again'), run, (actions, io, options: GlobalOptions, name) =>
    actions.resume(io, options, name),
  )
  act(
    named(group, 'delete', 'delete a drill; its reports stay in the backup location'),
    run,
    (actions, io, options, name) => actions.remove(io, options, name),
  )
}

type Actions = typeof import('./drill-actions.ts')

/** Loaded only where a drill is meant: the help of other commands does without it. */
const acts = (): Promise<Actions> => import('./drill-actions.ts')

const named = (group: Command, word: string, description: string): Command =>
  group.command(word).description(description).argument('<name>', 'name of the drill')

function act<Options extends GlobalOptions>(
  command: Command,
  run: RunCommand,
  work: (actions: Actions, io: Io, options: Options, name: string) => Promise<ExitCode>,
): void {
  command.action((name: string) => run(async (io) => work(await acts(), io, command.optsWithGlobals<Options>(), name)))
}

function addCreate(group: Command, run: RunCommand): void {
  const create = group
    .command('create')
    .description('create a drill: a Temporal Schedule')
    .argument('[name]', 'name of the drill; without it that of the schedule or the backup')
    .requiredOption('--schedule <cron>', 'when, as an expression of cron such as "0 3 * * *"')
    .requiredOption('--into <prefix>', 'what the names of the scratch namespaces begin with, such as scratch-')
    .option('--from-schedule <schedule>', "the newest completed backup of this schedule of Velero's")
    .option('--from-backup <backup>', 'always this backup')
    .option('--timezone <zone>', 'the time zone of --schedule, such as Europe/Berlin', 'UTC')
    .option('--with-replicas', 'start the workloads, as many as in the backup')
    .option('--no-validate', 'do not look at the restored objects once more')
    .option('--include-namespaces <list>', 'only these namespaces of the backup', (text, before?: string[]) =>
      parseList(text, before),
    )
    .option('--exclude-namespaces <list>', 'namespaces to leave out', (text, before?: string[]) =>
      parseList(text, before),
    )
    .option('--exclude-resources <list>', 'resources to leave out', (text, before?: string[]) =>
      parseList(text, before),
    )
    .option('--keep <number>', 'reports to keep', parseCount, 10)
    .option('--deadline <duration>', 'how long the restore may take, such as 4h', parseTimeout, 4 * 3_600_000)
    .option('--paused', 'begin none until resume')
    .addHelpText('after', examples)
  create.action((name: string | undefined) =>
    run(async (io) =>
      (await import('./create-drill.ts')).create(io, create.optsWithGlobals<CreateDrillOptions>(), name),
    ),
  )
}

function parseCount(text: string): number {
  if (!/^\d{1,4}$/.test(text)) throw new InvalidArgumentError('It must be a number.')
  return Number(text)
}
