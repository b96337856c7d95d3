import type { Command } from 'commander'
import { exitCodes } from '../../api/errors.ts'
import type { ExitCode } from '../../api/errors.ts'
import { pauseRestore, resumeRestore } from '../../api/signal-restore.ts'
import type { AskedBy } from '../../api/signal-restore.ts'
import { requireRestore } from '../../api/velero-objects.ts'
import { printResult, withConnections } from '../command.ts'
import type { GlobalOptions, Io, RunCommand } from '../command.ts'

interface PauseOptions extends GlobalOptions {
  reason?: string
}

/** Adds `pause` and `resume`. */
export function addPause(program: Command, run: RunCommand): void {
  const pauseCommand = program
    .command('pause')
    .description('start no further chunk of a restore, or of its undo, until resume')
    .argument('<name>', 'name of the Restore')
    .option('--reason <text>', 'why; it is shown as what the restore waits for')
    .addHelpText('after', '\nExamples:\n  drydock pause shop-20260101120000 --reason "the storage is busy"')
    .action((name: string) => run((io) => pause(io, pauseCommand.optsWithGlobals<PauseOptions>(), name)))
  const resumeCommand = program
    .command('resume')
    .description('let a paused restore, or its undo, continue')
    .argument('<name>', 'name of the Restore')
    .addHelpText('after', '\nExamples:\n  drydock resume shop-20260101120000')
    .action((name: string) => run((io) => resume(io, resumeCommand.optsWithGlobals<GlobalOptions>(), name)))
}

/** What is said where the workflow could not be reached. */
const later: Record<AskedBy, string> = {
  signal: '',
  annotation: ' as soon as a worker that watches the cluster reaches its workflow, which cannot be reached now',
}

async function pause(io: Io, options: PauseOptions, name: string): Promise<ExitCode> {
  return withConnections(io, options, async (connections) => {
    const restore = await requireRestore(connections, name)
    const by = await pauseRestore(connections, restore, options.reason ?? 'by drydock pause')
    const value = { name, uid: restore.metadata.uid, signal: 'pause', by }
    printResult(io, options.output, value, () => `Restore "${name}" pauses before its next chunk${later[by]}`)
    return exitCodes.ok
  })
}

async function resume(io: Io, options: GlobalOptions, name: string): Promise<ExitCode> {
  return withConnections(io, options, async (connections) => {
    const restore = await requireRestore(connections, name)
    const by = await resumeRestore(connections, restore)
    const value = { name, uid: restore.metadata.uid, signal: 'resume', by }
    printResult(io, options.output, value, () => `Restore "${name}" goes on${later[by]}`)
    return exitCodes.ok
  })
}
