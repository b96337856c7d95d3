import type { Command } from 'commander'
import { exitCodes } from '../exit-codes.ts'
import type { ExitCode } from '../exit-codes.ts'
import type { Io } from '../io.ts'
import { print } from '../print.ts'
import { renderTable } from '../../show/render-table.ts'
import { listRestores } from '../../api/velero-objects.ts'
import type { Restore } from '../../../velero/restore.ts'
import { withConnections } from '../command.ts'
import type { GlobalOptions } from '../command.ts'

/** Adds `list`. */
export function addList(program: Command, run: (work: (io: Io) => Promise<ExitCode>) => Promise<void>): void {
  const command = program
    .command('list')
    .description('list the Restores, oldest first')
    .option('-l, --selector <selector>', 'only Restores with these labels')
    .addHelpText('after', '\nExamples:\n  drydock list\n  drydock list -o json | jq -r ".items[].metadata.name"')
    .action(() => run((io) => list(io, command.optsWithGlobals<GlobalOptions & { selector?: string }>())))
}

async function list(io: Io, options: GlobalOptions & { selector?: string }): Promise<ExitCode> {
  return withConnections(io, options, async (connections) => {
    const restores = await listRestores(connections, options.selector)
    const value = { apiVersion: 'velero.io/v1', kind: 'RestoreList', items: restores }
    print(io, options.output, value, () =>
      restores.length === 0
        ? `There is no restore in namespace ${connections.namespace}`
        : renderTable(head, restores.map(row), io.out.isTTY === true ? io.out.columns : undefined),
    )
    return exitCodes.ok
  })
}

const head = ['NAME', 'PHASE', 'BACKUP', 'ITEMS', 'ERRORS', 'WARNINGS', 'CREATED', 'COMPLETED']

function row({ metadata, spec, status = {} }: Restore): string[] {
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
