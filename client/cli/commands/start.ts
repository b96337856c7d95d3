import { Option } from 'commander'
import type { Command } from 'commander'
import { outputFormats } from '../command.ts'
import type { RunCommand } from '../command.ts'
import { addLabelColumns } from './list.ts'
import type { StartOptions } from './run-start.ts'
import { addAskedOptions } from '../asked-options.ts'
import { parseBoolean } from '../boolean-options.ts'
import { parseObjectName, parsePairs, specOptions } from '../spec-options.ts'

const examples = `
Examples:
  drydock start --from-backup shop --wait
  drydock start shop-again --from-backup shop --include-namespaces shop --namespace-mappings shop:shop-test
  drydock start --from-schedule nightly --include-resources configmaps,secrets -l app=web
  drydock start --from-backup shop --output yaml > restore.yaml
  drydock start --file restore.yaml --wait --result json
  drydock start shop-again --plan shop-plan --wait

As with Velero's command line, --output prints the Restore and starts nothing. --result says how to print what was started.
An option with [bool] means true without a value; write --restore-volumes=false for false.`

/** Adds `start`. */
export function addStart(program: Command, run: RunCommand, called = 'start'): Command {
  const command = program
    .command(called)
    .description('create a Restore and start its workflow')
    .argument('[name]', 'name of the Restore; without it <backup>-<time>', parseObjectName)
    .option('--name <name>', 'the same, as an option', parseObjectName)
    .option('--file <file>', 'take the Restore from YAML or JSON, "-" for standard input; options override its fields')
    .option('--plan <name>', 'carry out a plan that was made: its selection exactly; tells what came out otherwise')
  for (const { option } of specOptions) command.addOption(option)
  addAskedOptions(command)
  addLabelColumns(command)
  return command
    .option(
      '--allow-partially-failed [bool]',
      'with --from-schedule: its newest backup may be PartiallyFailed',
      parseBoolean,
    )
    .option('--labels <a=b,…>', 'labels of the Restore', parsePairs('='))
    .option('--annotations <a=b,…>', 'annotations of the Restore', parsePairs('='))
    .option('-w, --wait', 'show the restore until it is over; the exit code says how it ended')
    .option('--dry-run', 'print the Restore and create nothing, as --output does')
    .addOption(
      new Option('--result <format>', 'how to print what was started or, with --wait, how it ended')
        .choices(outputFormats)
        .default('table'),
    )
    .addHelpText('after', examples)
    .action((name: string | undefined) => {
      const options = command.optsWithGlobals<StartOptions>()
      const isPrinted = command.getOptionValueSourceWithGlobals('output') === 'cli' || options.dryRun === true
      return run(async (io) => {
        // Loaded only now: the rules for a spec need more than all commands together.
        const { start } = await import('./run-start.ts')
        return start(io, { ...options, isPrinted }, name)
      })
    })
}
