import { execFileSync } from 'node:child_process'
import { Command } from 'commander'
import { describe, expect, it } from 'vitest'
import { createProgram } from '../../../client/cli/main.ts'
import { veleroBinary } from '../../kit/velero/velero-cli.ts'

const program = createProgram({ out: process.stdout, err: process.stderr }, async () => {})
const restore = program.commands.find((command) => command.name() === 'restore')!

/** A flag as the help of `velero` shows it: `-l, --selector string`, `--details`, `--restore-volumes optionalBool[=true]`. */
interface Flag {
  short: string | undefined
  long: string
  takesValue: boolean
}

/** The short name stands before the long one, and a boolean has no type or an optional one. */
function flagsOf(help: string): Flag[] {
  const lines = help.matchAll(/^ +(?:(-[a-zA-Z]), )? *(--[a-zA-Z_-]+)(?: ([A-Za-z]+)(\[=true\])?)?(?: {2,}|$)/gm)
  return [...lines].map(([, short, long = '', type, optional]) => ({
    short,
    long,
    takesValue: type !== undefined && optional === undefined && type !== 'optionalBool',
  }))
}

describe.each(['create', 'get', 'describe', 'logs', 'delete'])('velero restore %s', (name) => {
  it('has no flag that drydock does not know in the same form', async () => {
    const flags = flagsOf(execFileSync(await veleroBinary(), ['restore', name, '--help'], { encoding: 'utf8' }))
    expect(flags.map(({ long }) => long)).toEqual(expect.arrayContaining(['--kubecontext', '--namespace']))
    const command = restore.commands.find((child) => child.name() === name) ?? new Command()
    const known = [...command.options, ...program.options].map(({ short, long, required }) => ({
      short,
      long,
      takesValue: required,
    }))
    for (const flag of flags.filter(({ long }) => long !== '--help')) expect(known).toContainEqual(flag)
  })
})
