import type { Command } from 'commander'
import { exitCodes } from '../../api/errors.ts'
import type { ExitCode } from '../../api/errors.ts'
import { retryRestore } from '../../api/retry-restore.ts'
import { requireRestore } from '../../api/velero-objects.ts'
import { printResult, withConnections } from '../command.ts'
import type { GlobalOptions, Io, RunCommand } from '../command.ts'
import { showUntilOver } from './watch.ts'

interface RetryOptions extends GlobalOptions {
  token?: string
  wait?: boolean
}

const examples = `
Examples:
  drydock retry shop-20260101120000 --wait
  drydock retry shop-20260101120000 --token after-quota-raised    the same token makes one run

Items that are through are not touched. The messages of the items that are done again are replaced.
A hook is sent at most once over all runs.`

/** Adds `retry`. */
export function addRetry(program: Command, run: RunCommand): void {
  const command = program
    .command('retry')
    .description('do again what failed of a finished restore, or was not reached when it was cancelled')
    .argument('<name>', 'name of the Restore')
    .option('--token <text>', 'any text: asking again with the same one begins no further run')
    .option('-w, --wait', 'show the restore until it is over; the exit code says how it ended')
    .addHelpText('after', examples)
    .action((name: string) => run((io) => retry(io, command.optsWithGlobals<RetryOptions>(), name)))
}

async function retry(io: Io, options: RetryOptions, name: string): Promise<ExitCode> {
  const { token, wait = false, output } = options
  return withConnections(io, options, async (connections) => {
    const restore = await requireRestore(connections, name)
    const answer = await retryRestore(connections, restore, { token, ...(wait ? { answerMs: Infinity } : {}) })
    if (!wait || output === 'table') {
      const begun = answer.do === 'begun' ? { run: answer.run } : {}
      printResult(io, output, { name, uid: restore.metadata.uid, retryRequested: true, ...begun }, () =>
        answer.do === 'begun'
          ? `Restore "${name}" is retried: run ${answer.run}`
          : `Restore "${name}" is asked to be retried; no worker has answered yet, the first one that sees it will`,
      )
    }
    return wait && answer.do === 'begun'
      ? showUntilOver(io, connections, { restore: answer.restore, output })
      : exitCodes.ok
  })
}
