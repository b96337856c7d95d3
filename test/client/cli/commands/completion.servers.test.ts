import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { completionScript, shells } from '../../../../client/cli/commands/completion.ts'
import { createProgram } from '../../../../client/cli/main.ts'
import { isMissing } from '../../../kit/debian-program.ts'

const program = createProgram({ out: process.stdout, err: process.stderr }, async () => {})
const commands = program
  .createHelp()
  .visibleCommands(program)
  .map((command) => command.name())
  .filter((name) => name !== 'help')

describe('the completion script', () => {
  it.each(shells)('for %s knows every command and option', (shell) => {
    const script = completionScript(program, shell)
    for (const command of commands) expect(script).toContain(command)
    const options = program.commands.flatMap((command) => command.options.map((option) => option.long!.slice(2)))
    for (const option of options) expect(script).toContain(option)
    expect(script).toContain('drydock names restores')
  })

  it('for bash completes commands, options and names', () => {
    const complete = (...words: string[]) => {
      const line = words.map((word) => `'${word}'`).join(' ')
      const script = `drydock() { echo shop; }\n${completionScript(program, 'bash')}\nCOMP_WORDS=(${line}); COMP_CWORD=${words.length - 1}; _drydock; echo "\${COMPREPLY[@]}"`
      return spawnSync('bash', ['-c', script], { encoding: 'utf8' }).stdout.trim()
    }
    expect(complete('drydock', 'des')).toBe('describe')
    expect(complete('drydock', 'start', '--include-c')).toBe('--include-cluster-resources')
    expect(complete('drydock', 'start', '--from-backup', '')).toBe('shop')
    expect(complete('drydock', 'cancel', 's')).toBe('shop')
    expect(complete('drydock', 'delete', 's')).toBe('shop')
    expect(complete('drydock', 'restore', 'create', '--from-b')).toBe('--from-backup')
    expect(complete('drydock', '-n', 'velero', 'cancel', 's')).toBe('shop')
    expect(complete('drydock', 'completion', 'z')).toBe('zsh')
  })

  it.skipIf(isMissing('zsh', isThere('zsh')))('for zsh completes commands, options and names', () => {
    const complete = (...words: string[]) => {
      const stubs = 'compdef() {}; compadd() { print -l -- ${@:#--} }; _describe() { print -l -- ${(P)2} }'
      const line = `words=(${words.map((word) => `'${word}'`).join(' ')}); CURRENT=${words.length}`
      const script = `drydock() { echo shop }; ${stubs}\n${completionScript(program, 'zsh')}\n${line}; _drydock`
      return spawnSync('zsh', ['-f', '-c', script], { encoding: 'utf8' }).stdout.trim().split('\n')
    }
    expect(complete('drydock', 'des').map((word) => word.split(':')[0])).toEqual(commands)
    expect(complete('drydock', 'start', '--inc')).toContain(
      '--include-cluster-resources:restore cluster-scoped resources',
    )
    expect(complete('drydock', 'start', '--from-backup', '')).toEqual(['shop'])
    expect(complete('drydock', '-n', 'velero', 'cancel', 's')).toContain('shop')
  })

  it.skipIf(isMissing('fish', isThere('fish')))('for fish completes commands, options and names', () => {
    const complete = (line: string) => {
      const script = `function drydock; echo shop; end\n${completionScript(program, 'fish')}\ncomplete -C '${line}'`
      const { stdout } = spawnSync('fish', ['--no-config', '-c', script], { encoding: 'utf8' })
      return stdout
        .trim()
        .split('\n')
        .map((word) => word.split('\t')[0])
    }
    expect(complete('drydock des')).toEqual(['describe'])
    expect(complete('drydock start --include-c')).toEqual(['--include-cluster-resources'])
    expect(complete('drydock start --from-backup ')).toEqual(['shop'])
    expect(complete('drydock cancel s')).toEqual(['shop'])
  })
})

function isThere(shell: string): boolean {
  return spawnSync(shell, ['-c', 'exit 0']).status === 0
}
