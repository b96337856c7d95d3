import type { Connections } from '../../../api/connections.ts'
import type { ReadOptions } from '../../../api/options.ts'
import { isInterrupt, untilInterrupted } from '../watch.ts'
import type { Command } from 'commander'
import { ClientError, exitCodes } from '../../../api/errors.ts'
import type { ExitCode } from '../../../api/errors.ts'
import { readResultFile } from '../../../api/read-result-file.ts'
import { isOver, requireRestore } from '../../../api/velero-objects.ts'
import type { Restore } from '../../../../velero/restore.ts'
import { printResult, withConnections } from '../../command.ts'
import type { GlobalOptions, Io, RunCommand } from '../../command.ts'
import { addBucketOptions, parseTimeout, readOptionsOf } from '../../bucket-options.ts'
import type { BucketOptions } from '../../bucket-options.ts'

const examples = `
Examples:
  drydock logs shop-20260101120000 | grep level=error
  drydock logs shop-20260101120000 --follow

The log is read from the backup location, with the credentials of its Secret. A user who may not read that gets
the log by a DownloadRequest, as with Velero's command line.`

/** Adds `logs`. */
export function addLogs(program: Command, run: RunCommand): void {
  const command = program
    .command('logs')
    .description('print the log of a restore')
    .argument('<name>', 'name of the Restore')
    .option(
      '--timeout <duration>',
      'how long to wait for the answer to a DownloadRequest; without it 10s',
      parseTimeout,
    )
  command.option('-f, --follow', 'while the restore goes on: print what becomes of its items, until it is over')
  addBucketOptions(command)
    .addHelpText('after', examples)
    .action((name: string) => run((io) => logs(io, command.optsWithGlobals<LogsOptions>(), name)))
}

interface LogsOptions extends GlobalOptions, BucketOptions {
  follow?: boolean
}

async function logs(io: Io, options: LogsOptions, name: string): Promise<ExitCode> {
  const reading = readOptionsOf(options)
  return withConnections(io, options, async (connections) => {
    const restore = await requireRestore(connections, name)
    if (options.follow === true && !isOver(restore)) return follow(io, connections, restore, reading)
    const log = await readResultFile(connections, restore, 'RestoreLog', reading)
    if (log === undefined) throw new ClientError(exitCodes.error, whyNoLog(restore))
    printResult(io, options.output, { name, lines: log.trimEnd().split('\n') }, () => log.trimEnd())
    return exitCodes.ok
  })
}

/** Prints lines as they come. Ctrl-C ends the printing only. */
async function follow(io: Io, connections: Connections, restore: Restore, reading: ReadOptions): Promise<ExitCode> {
  const { followLog } = await import('../../../api/report/follow-log.ts')
  const onLine = (line: string) => void io.out.write(line)
  try {
    await untilInterrupted((signal) => followLog(connections, restore, { ...reading, onLine, signal }))
  } catch (thrown) {
    if (!isInterrupt(thrown)) throw thrown
    return exitCodes.interrupted
  }
  return exitCodes.ok
}

function whyNoLog(restore: Restore): string {
  const { metadata, status = {} } = restore
  return isOver(restore)
    ? `There is no log of restore "${metadata.name}", which ended ${status.phase ?? ''}`
    : `The log of restore "${metadata.name}" is written when its items are restored; it is ${status.phase || 'New'} now`
}
