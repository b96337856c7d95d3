import type { Command } from 'commander'
import { exitCodes } from '../../api/errors.ts'
import type { ExitCode } from '../../api/errors.ts'
import { selectRestores } from '../../api/velero-objects.ts'
import type { Selection } from '../../api/velero-objects.ts'
import { restoreTable } from '../../show/restore-table.ts'
import { printResult, withConnections } from '../command.ts'
import type { GlobalOptions, Io, RunCommand } from '../command.ts'
import { parseList } from '../spec-options.ts'

/** Options for the columns of a table of Restores. */
export interface LabelColumns {
  labelColumns?: string[]
  showLabels?: boolean
}

type ListOptions = GlobalOptions & LabelColumns & Pick<Selection, 'selector'>

const examples = `
Examples:
  drydock list
  drydock list -l app=shop -L owner
  drydock list -o json | jq -r ".items[].metadata.name"
  drydock list shop-20260101120000 -o json | jq -r .status.phase`

/** Adds `list`, under this name or another one. */
export function addList(program: Command, run: RunCommand, called = 'list'): Command {
  const command = program
    .command(called)
    .description('list the Restores, oldest first')
    .argument('[names...]', 'only these, in this order')
    .option('-l, --selector <selector>', 'only Restores with these labels')
  return addLabelColumns(command)
    .addHelpText('after', examples)
    .action((names: string[]) => run((io) => list(io, command.optsWithGlobals<ListOptions>(), names)))
}

/** Adds the options for the columns of a table of Restores. */
export function addLabelColumns(command: Command): Command {
  return command
    .option('-L, --label-columns <list>', 'labels to show as columns of the table', (text, before?: string[]) =>
      parseList(text, before),
    )
    .option('--show-labels', 'show all labels in the last column of the table')
}

async function list(io: Io, options: ListOptions, names: readonly string[]): Promise<ExitCode> {
  return withConnections(io, options, async (connections) => {
    const restores = await selectRestores(connections, { names, selector: options.selector })
    const width = io.out.isTTY === true ? io.out.columns : undefined
    printResult(io, options.output, names.length === 1 && restores[0] ? restores[0] : listOf(restores), () =>
      restores.length === 0
        ? `There is no restore in namespace ${connections.namespace}`
        : restoreTable(restores, options, width),
    )
    return exitCodes.ok
  })
}

function listOf(items: readonly object[]): object {
  return { apiVersion: 'velero.io/v1', kind: 'RestoreList', items }
}
