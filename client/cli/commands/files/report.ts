import { writeFile } from 'node:fs/promises'
import type { Command } from 'commander'
import { ClientError, exitCodes, messageOf } from '../../../api/errors.ts'
import type { ExitCode } from '../../../api/errors.ts'
import { requireRestore } from '../../../api/velero-objects.ts'
import { withConnections } from '../../command.ts'
import type { GlobalOptions, Io, RunCommand } from '../../command.ts'
import { addBucketOptions, readOptionsOf } from '../../bucket-options.ts'
import type { BucketOptions } from '../../bucket-options.ts'

interface ReportOptions extends GlobalOptions, BucketOptions {
  file?: string
  undo?: boolean
}

const examples = `
Examples:
  drydock report shop-20260101120000 --file shop.html
  drydock report shop-20260101120000 > shop.html
  drydock report shop-20260101120000 --undo --file undone.html

The page needs no network: open it in a browser, print it, or send it to somebody.`

/** Adds `report`. */
export function addReport(program: Command, run: RunCommand): void {
  const command = program
    .command('report')
    .description('write the report of a restore that is over, as one HTML page')
    .argument('<name>', 'name of the Restore')
    .option('-f, --file <file>', 'the file to write; without it the page goes to standard output')
    .option('--undo', 'the report of its undo')
  addBucketOptions(command)
    .addHelpText('after', examples)
    .action((name: string) => run((io) => report(io, command.optsWithGlobals<ReportOptions>(), name)))
}

async function report(io: Io, options: ReportOptions, name: string): Promise<ExitCode> {
  if (options.output !== 'table')
    throw new ClientError(exitCodes.usage, 'a report is a page: "drydock describe" prints json and yaml')
  const reading = readOptionsOf(options)
  return withConnections(io, options, async (connections) => {
    const restore = await requireRestore(connections, name)
    const { reportOf, undoReportOf } = await import('../../../api/report/read-report.ts')
    const page = await (options.undo === true ? undoReportOf : reportOf)(connections, restore, reading)
    if (options.file === undefined) io.out.write(page)
    else await write(options.file, page)
    if (options.file !== undefined)
      io.out.write(
        `The report of ${options.undo === true ? 'the undo of ' : ''}restore "${name}" is in ${options.file}\n`,
      )
    return exitCodes.ok
  })
}

async function write(file: string, page: string): Promise<void> {
  await writeFile(file, page).catch((thrown: unknown) => {
    throw new ClientError(exitCodes.error, `the report cannot be written: ${messageOf(thrown)}`)
  })
}
