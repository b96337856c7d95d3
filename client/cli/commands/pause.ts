import { WorkflowNotFoundError } from '@temporalio/client'
import type { Command } from 'commander'
import { ClientError } from '../../api/client-error.ts'
import { requireTemporal } from '../../api/connections.ts'
import { exitCodes } from '../exit-codes.ts'
import type { ExitCode } from '../exit-codes.ts'
import type { Io } from '../io.ts'
import { print } from '../print.ts'
import { isOver } from '../../api/restore-state.ts'
import { requireRestore } from '../../api/velero-objects.ts'
import { refOf } from '../../api/start-restore.ts'
import { pauseSignal, resumeSignal, workflowIdOf } from '../../../contract/restore-workflow.ts'
import { withConnections } from '../command.ts'
import type { GlobalOptions } from '../command.ts'

interface PauseOptions extends GlobalOptions {
  reason?: string
}

type Wish = 'pause' | 'resume'

/** Adds `pause` and `resume`, which are two signals to the workflow and nothing else. */
export function addPause(program: Command, run: (work: (io: Io) => Promise<ExitCode>) => Promise<void>): void {
  const pause = program
    .command('pause')
    .description('let a restore begin no further chunk until resume')
    .argument('<name>', 'name of the Restore')
    .option('--reason <text>', 'why; it is shown as what the restore waits for')
    .addHelpText('after', '\nExamples:\n  drydock pause shop-20260101120000 --reason "the storage is busy"')
    .action((name: string) => run((io) => send(io, pause.optsWithGlobals<PauseOptions>(), { name, wish: 'pause' })))
  const resume = program
    .command('resume')
    .description('let a paused restore go on')
    .argument('<name>', 'name of the Restore')
    .addHelpText('after', '\nExamples:\n  drydock resume shop-20260101120000')
    .action((name: string) => run((io) => send(io, resume.optsWithGlobals<PauseOptions>(), { name, wish: 'resume' })))
}

async function send(io: Io, options: PauseOptions, { name, wish }: { name: string; wish: Wish }): Promise<ExitCode> {
  return withConnections(io, options, async (connections) => {
    const restore = await requireRestore(connections, name)
    if (isOver(restore))
      throw new ClientError(exitCodes.error, `Restore "${name}" is over already: ${restore.status?.phase ?? ''}`)
    const { client } = await requireTemporal(connections.temporal())
    const handle = client.workflow.getHandle(workflowIdOf(refOf(connections, restore)))
    try {
      if (wish === 'pause') await handle.signal(pauseSignal, options.reason ?? 'by drydock pause')
      else await handle.signal(resumeSignal)
    } catch (thrown) {
      if (!(thrown instanceof WorkflowNotFoundError)) throw thrown
      throw new ClientError(exitCodes.notFound, `No workflow runs for restore "${name}"`, { cause: thrown })
    }
    print(io, options.output, { name, uid: restore.metadata.uid, wish }, () =>
      wish === 'pause' ? `Restore "${name}" pauses before its next chunk` : `Restore "${name}" goes on`,
    )
    return exitCodes.ok
  })
}
