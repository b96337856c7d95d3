import { Option } from 'commander'
import type { Command } from 'commander'
import type { RunCommand } from '../../command.ts'
import { addBucketOptions } from '../../bucket-options.ts'
import { addAskedOptions } from '../../asked-options.ts'
import { parseObjectName, parsePairs, specOptions } from '../../spec-options.ts'
import type { PlanOptions } from './run-plan.ts'

const examples = `
Examples:
  drydock plan shop-plan --from-backup shop --existing-resource-policy update
  drydock plan shop-plan                          the same plan again, as it is kept
  drydock plan shop-plan -o json | jq '.items[] | select(.verdict == "conflict")'
  drydock plan shop-plan --page plan.html
  drydock start --plan shop-plan --wait

Nothing is changed but the Restore that stands for the plan. The exit code is 3 where items would be refused.`

/** Adds `plan`. */
export function addPlan(program: Command, run: RunCommand): void {
  const command = program
    .command('plan')
    .description('show what a restore would do, item by item, by dry runs of the API server')
    .argument(
      '[name]',
      'name of the plan; without it <backup>-<time>. Alone: shows a plan that was made',
      parseObjectName,
    )
    .option('--file <file>', 'take the Restore from YAML or JSON, "-" for standard input; options override its fields')
  for (const { option } of specOptions) command.addOption(option)
  addAskedOptions(command)
    .option('--labels <a=b,…>', 'labels of the Restore', parsePairs('='))
    .option('--annotations <a=b,…>', 'annotations of the Restore', parsePairs('='))
    .addOption(new Option('--all', 'show also the items that would simply be created or stand there already'))
    .option('--page <file>', 'write the plan as a page of HTML too')
  addBucketOptions(command)
    .addHelpText('after', examples)
    .action((name: string | undefined) =>
      run(async (io) => {
        // Loaded only now: the rules for a spec need more than all commands together.
        const { plan } = await import('./run-plan.ts')
        return plan(io, command.optsWithGlobals<PlanOptions>(), name)
      }),
    )
}
