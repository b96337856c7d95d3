import type { Command } from 'commander'
import { describeRestore } from '../../api/describe-restore.ts'
import type { Description } from '../../api/describe-restore.ts'
import { exitCodes } from '../../api/errors.ts'
import type { ExitCode } from '../../api/errors.ts'
import { selectRestores } from '../../api/velero-objects.ts'
import { printResult, withConnections } from '../command.ts'
import type { GlobalOptions, Io, RunCommand } from '../command.ts'
import { addBucketOptions, readOptionsOf } from '../bucket-options.ts'
import type { BucketOptions } from '../bucket-options.ts'

interface DescribeOptions extends GlobalOptions, BucketOptions {
  details?: boolean
  selector?: string
}

const examples = `
Examples:
  drydock describe shop-20260101120000
  drydock describe shop-20260101120000 --details
  drydock describe shop-20260101120000 -o yaml
  drydock describe -l app=shop`

/** Adds `describe`. */
export function addDescribe(program: Command, run: RunCommand): void {
  const command = program
    .command('describe')
    .description('show all that is known about restores: spec, phase, counts, messages, workflow')
    .argument('[names...]', 'names of the Restores; without them all')
    .option('-l, --selector <selector>', 'only Restores with these labels')
    .option('--details', 'show what became of each item, and the asynchronous operations')
  addBucketOptions(command)
    .addHelpText('after', examples)
    .action((names: string[]) => run((io) => describe(io, command.optsWithGlobals<DescribeOptions>(), names)))
}

async function describe(io: Io, options: DescribeOptions, names: readonly string[]): Promise<ExitCode> {
  const reading = { ...readOptionsOf(options), details: options.details, env: io.env }
  return withConnections(io, options, async (connections) => {
    const restores = await selectRestores(connections, { names, selector: options.selector })
    const descriptions: Description[] = []
    for (const restore of restores) descriptions.push(await describeRestore(connections, restore, reading))
    const value = names.length === 1 && descriptions[0] ? descriptions[0] : descriptions
    const { renderDescription } = await import('../../show/render-description.ts')
    printResult(io, options.output, value, () =>
      descriptions.length === 0
        ? `There is no restore in namespace ${connections.namespace}`
        : descriptions.map(renderDescription).join('\n\n\n'),
    )
    return exitCodes.ok
  })
}
