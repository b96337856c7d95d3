import type { Command } from 'commander'
import { ClientError, exitCodes } from '../../api/errors.ts'
import type { RunCommand } from '../command.ts'
import { addDelete } from './delete.ts'
import { addDescribe } from './describe.ts'
import { addList } from './list.ts'
import { addLogs } from './files/logs.ts'
import { addStart } from './start.ts'

/**
 * Adds `restore create`, `restore get` and the others of `velero restore`, with `create restore` and `get restores`, so that a
 * command line for `velero` works with `drydock` in its place.
 */
export function addVeleroCommands(program: Command, run: RunCommand): void {
  const restore = program
    .command('restore')
    .description("the commands under the names of Velero's command line: create, get, describe, logs, delete")
  addStart(restore, run, 'create')
  addList(restore, run, 'get')
  addDescribe(restore, run)
  addLogs(restore, run)
  addDelete(restore, run)
  addStart(program.command('create', { hidden: true }), run, 'restore').alias('restores')
  addList(program.command('get', { hidden: true }), run, 'restores').alias('restore')
  for (const name of commandsWithoutRestores) addRefused(program, name)
}

/** Commands of `velero` for other things than restores. Source: pkg/cmd/velero/velero.go. */
const commandsWithoutRestores = [
  'backup',
  'backup-location',
  'bug',
  'client',
  'debug',
  'install',
  'plugin',
  'repo',
  'schedule',
  'server',
  'snapshot-location',
  'uninstall',
  'version',
]

function addRefused(program: Command, name: string): void {
  program
    .command(name, { hidden: true })
    .allowUnknownOption()
    .allowExcessArguments()
    .action(() => {
      throw new ClientError(exitCodes.usage, `drydock has commands for restores only; for this use: velero ${name}`)
    })
}
