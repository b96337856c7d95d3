import type { Command } from 'commander'
import { webUiLink } from '../../../api/connections.ts'
import type { Connections } from '../../../api/connections.ts'
import { ClientError, exitCodes } from '../../../api/errors.ts'
import type { ExitCode } from '../../../api/errors.ts'
import type { StartedUndo } from '../../../api/undo/undo-restore.ts'
import { requireRestore } from '../../../api/velero-objects.ts'
import { renderUndo } from '../../../show/render-undo.ts'
import type { Restore } from '../../../../velero/restore.ts'
import { isAnsweredYes } from '../../ask.ts'
import { printResult, withConnections } from '../../command.ts'
import type { GlobalOptions, Io, RunCommand } from '../../command.ts'
import { isInterrupt, untilInterrupted } from '../watch.ts'

interface UndoOptions extends GlobalOptions {
  yes?: boolean
  dryRun?: boolean
  wait?: boolean
}

const examples = `
Examples:
  drydock undo shop-20260101120000 --dry-run
  drydock undo shop-20260101120000 --yes --wait

What the restore created is deleted, and what it changed is put back, where nobody has changed it since; the rest is
kept and named. Deleted claims take the data of their volumes with them, as the reclaim policy of each says.`

/** Adds `undo`. */
export function addUndo(program: Command, run: RunCommand): void {
  const command = program
    .command('undo')
    .description('take back what a finished restore has done, as far as nobody has changed it since')
    .argument('<name>', 'name of the Restore')
    .option('--dry-run', 'only show what would be done')
    .option('-y, --yes', 'do not show it first, and do not ask')
    .option('-w, --wait', 'wait for the end')
    .addHelpText('after', examples)
    .action((name: string) => run((io) => undo(io, command.optsWithGlobals<UndoOptions>(), name)))
}

async function undo(io: Io, options: UndoOptions, name: string): Promise<ExitCode> {
  const { yes = false, dryRun = false, wait = false } = options
  return withConnections(io, options, async (connections) => {
    const { startUndo } = await import('../../../api/undo/undo-restore.ts')
    const restore = await requireRestore(connections, name)
    if (dryRun || !yes) {
      const code = await showFirst(io, connections, { restore, options })
      if (code !== undefined) return code
    }
    const started = await startUndo(connections, restore)
    if (!wait) return printStarted(io, connections, { restore, started, options })
    const result = await ended(io, restore, started)
    if (result === 'interrupted') return exitCodes.interrupted
    printResult(io, options.output, { name, ...result }, () => renderUndo(name, result, { dryRun: false }))
    return exitCodes.ok
  })
}

/** Shows what would be done, and asks. Returns an exit code where nothing is to be done. */
async function showFirst(
  io: Io,
  connections: Connections,
  { restore, options }: { restore: Restore; options: UndoOptions },
): Promise<ExitCode | undefined> {
  const { name } = restore.metadata
  const { startUndo } = await import('../../../api/undo/undo-restore.ts')
  const looking = await startUndo(connections, restore, { dryRun: true })
  const would = await ended(io, restore, looking)
  if (would === 'interrupted') return exitCodes.interrupted
  printResult(io, options.output, { name, ...would }, () => renderUndo(name, would, { dryRun: true }))
  if (options.dryRun === true) return exitCodes.ok
  if ((io.in as { isTTY?: boolean }).isTTY !== true)
    throw new ClientError(exitCodes.usage, 'nothing is undone, since nobody can be asked: use --yes to undo unasked')
  const isMeant = await isAnsweredYes(io, {
    question: `Undo restore "${name}" (y/n)? `,
    unanswered: 'nothing is undone, since nobody has answered: use --yes to undo unasked',
  })
  return isMeant ? undefined : exitCodes.ok
}

/** The result, once it is there. Ctrl-C ends the waiting only. */
async function ended(io: Io, { metadata: { name } }: Restore, started: StartedUndo) {
  const tell = () => io.err.isTTY === true && io.err.write(`it goes on: see workflow ${started.workflowId}\n`)
  const patience = setTimeout(tell, patienceMs)
  try {
    return await untilInterrupted((signal) => Promise.race([started.result(), whenAborted(signal)]))
  } catch (thrown) {
    if (!isInterrupt(thrown)) throw thrown
    io.err.write(`The undo of restore "${name}" goes on. Stop it with: drydock cancel ${name}\n`)
    return 'interrupted' as const
  } finally {
    clearTimeout(patience)
  }
}

/** So long nobody is told where to see why it takes so long. */
const patienceMs = 15_000

function whenAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) =>
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true }),
  )
}

async function printStarted(
  io: Io,
  connections: Connections,
  { restore, started, options }: { restore: Restore; started: StartedUndo; options: UndoOptions },
): Promise<ExitCode> {
  const { name, uid } = restore.metadata
  const { workflowId } = started
  const url = webUiLink(io.env, await connections.temporal(), workflowId)
  printResult(io, options.output, { name, uid, workflowId, ...(url === undefined ? {} : { url }) }, () =>
    [
      `Restore "${name}" is being undone; drydock describe ${name} tells how it ended`,
      ...(url === undefined ? [] : [url]),
    ].join('\n'),
  )
  return exitCodes.ok
}
