import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { completionScript, shells } from '../../client/completion.ts'
import { createProgram } from '../../client/program.ts'
import { processIo } from '../../client/io.ts'

const program = createProgram(processIo(), async () => {})
const commands = [
  'start',
  'list',
  'describe',
  'watch',
  'cancel',
  'pause',
  'resume',
  'logs',
  'completion',
  'search-attributes',
]

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
    expect(complete('drydock', 'completion', 'z')).toBe('zsh')
  })
})
