import type { Command } from 'commander'
import { exitCodes } from '../../api/errors.ts'
import type { ExitCode } from '../../api/errors.ts'
import { readRestores } from '../../api/velero-objects.ts'
import { renderTable } from '../../show/render-table.ts'
import type { Restore } from '../../../velero/restore.ts'
import { printResult, withConnections } from '../command.ts'
import type { GlobalOptions, Io, RunCommand } from '../command.ts'

interface ListOptions extends GlobalOptions {
  selector?: string
}

/** Adds `list`. */
export function addList(program: Command, run: RunCommand): void {
  const command = program
    .command('list')
    .description('list the Restores, oldest first')
    .option('-l, --selector <selector>', 'only Restores with these labels')
    .addHelpText('after', '\nExamples:\n  drydock list\n  drydock list -o json | jq -r ".items[].metadata.name"')
    .action(() => run((io) => list(io, command.optsWithGlobals<ListOptions>())))
}

async function list(io: Io, options: ListOptions): Promise<ExitCode> {
  return withConnections(io, options, async (connections) => {
    const restores = await readRestores(connections, options.selector)
    const value = { apiVersion: 'velero.io/v1', kind: 'RestoreList', items: restores }
    printResult(io, options.output, value, () =>
      restores.length === 0
        ? `There is no restore in namespace ${connections.namespace}`
        : renderTable(head, restores.map(rowOf), io.out.isTTY === true ? io.out.columns : undefined),
    )
    return exitCodes.ok
  })
}

const head = ['NAME', 'PHASE', 'BACKUP', 'ITEMS', 'ERRORS', 'WARNINGS', 'CREATED', 'COMPLETED']

function rowOf({ metadata, spec, status = {} }: Restore): string[] {
  const { progress = {} } = status
  const deleting = metadata.deletionTimestamp === undefined ? '' : ' (deleting)'
  return [
    metadata.name,
    `${status.phase || 'New'}${deleting}`,
    spec.backupName || (spec.scheduleName ? `schedule ${spec.scheduleName}` : ''),
    progress.totalItems === undefined ? '' : `${progress.itemsRestored ?? 0}/${progress.totalItems}`,
    String(status.errors ?? 0),
    String(status.warnings ?? 0),
    metadata.creationTimestamp ?? '',
    status.completionTimestamp ?? '',
  ]
}
