import type { Command } from 'commander'
import { ClientError, exitCodes } from '../../api/errors.ts'
import type { ExitCode } from '../../api/errors.ts'
import { deleteRestore, selectRestores } from '../../api/velero-objects.ts'
import type { Restore } from '../../../velero/restore.ts'
import { isAnsweredYes } from '../ask.ts'
import { printResult, withConnections } from '../command.ts'
import type { GlobalOptions, Io, RunCommand } from '../command.ts'

interface DeleteOptions extends GlobalOptions {
  all?: boolean
  confirm?: boolean
  selector?: string
}

const examples = `
Examples:
  drydock delete shop-20260101120000
  drydock delete --selector app=shop --confirm

A restore that runs is stopped first. What was restored stays; the files of the restore in the backup location are deleted.`

/** Adds `delete`. */
export function addDelete(program: Command, run: RunCommand): void {
  const command = program
    .command('delete')
    .description('delete Restores')
    .argument('[names...]', 'names of the Restores')
    .option('--all', 'delete all Restores of the namespace')
    .option('-l, --selector <selector>', 'delete the Restores with these labels')
    .option('--confirm', 'do not ask')
    .addHelpText('after', examples)
    .action((names: string[]) => run((io) => remove(io, command.optsWithGlobals<DeleteOptions>(), names)))
}

async function remove(io: Io, options: DeleteOptions, names: readonly string[]): Promise<ExitCode> {
  const { all = false, selector, confirm = false, output } = options
  if ([names.length > 0, all, selector !== undefined].filter(Boolean).length !== 1)
    throw new ClientError(exitCodes.usage, 'give exactly one of: names, --all, --selector')
  return withConnections(io, options, async (connections) => {
    const restores = await selectRestores(connections, { names, selector })
    const isMeant = restores.length > 0 && (confirm || (await isConfirmed(io, restores)))
    const deleted: object[] = []
    for (const restore of isMeant ? restores : []) {
      const { name, uid } = restore.metadata
      await deleteRestore(connections, restore)
      deleted.push({ name, uid })
      if (output === 'table')
        io.out.write(`Restore "${name}" is being deleted, with its files in the backup location\n`)
    }
    if (output !== 'table') printResult(io, output, { deleted }, () => '')
    else if (restores.length === 0)
      io.out.write(`There is no restore to delete in namespace ${connections.namespace}\n`)
    return exitCodes.ok
  })
}

/** Asks the user until the answer is yes or no. Throws a `ClientError` where nobody answers. */
export async function isConfirmed(io: Pick<Io, 'in' | 'err'>, restores: readonly Restore[]): Promise<boolean> {
  const names = restores.map(({ metadata }) => `"${metadata.name}"`)
  const question = `Delete ${names.slice(0, namesMax).join(', ')}${names.length > namesMax ? ` and ${names.length - namesMax} more` : ''} (y/n)? `
  return isAnsweredYes(io, {
    question,
    unanswered: 'nothing is deleted, since nobody has answered: use --confirm to delete unasked',
  })
}

const namesMax = 10
