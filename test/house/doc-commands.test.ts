import { PassThrough } from 'node:stream'
import { CommanderError } from 'commander'
import type { Command } from 'commander'
import { describe, expect, it } from 'vitest'
import packageJson from '../../package.json' with { type: 'json' }
import { takeBooleanValues, writeOutOptions } from '../../client/cli/boolean-options.ts'
import { createProgram } from '../../client/cli/main.ts'
import { blocksOf, codeSpansOf, commandsIn, docPages } from './doc-blocks.ts'
import { textOf } from './source-files.ts'

const pages = docPages()
const blocks = pages.flatMap(blocksOf)
const shell = blocks.filter(({ language }) => language === 'sh')

describe('blocks of the pages', () => {
  it('say what language they are in, so that no command hides from the test that runs them', () => {
    const languages = new Set(['sh', 'ts', 'yaml', 'json', 'text', 'promql'])
    const others = blocks.filter(({ language }) => !languages.has(language))
    expect(others.map(({ page, line }) => `${page}:${line}`)).toEqual([])
  })

  it('that no test runs are marked, and only those of commands', () => {
    const marked = blocks.filter(({ notRun }) => notRun !== undefined)
    expect(marked.filter(({ language }) => language !== 'sh')).toEqual([])
    for (const { notRun = '' } of marked) expect(notRun).toMatch(/^\w.{10,}[^.]$/)
    const marks = pages.flatMap((page) => textOf(page).match(/^\s*<!-- not run\b.*$/gm) ?? [])
    expect(marked).toHaveLength(marks.length)
  })
})

/** What restores, measures or tests for minutes: run by the test of the pages, it would run inside of the tests. */
const long = ['test', 'bench', 'chaos', 'fuzz', 'mutation', 'parity', 'sim', 'velero-e2e']

describe('scripts of npm in the pages', () => {
  it('that take minutes are run by no test of the pages', () => {
    const isLong = (words: readonly string[]) => words[0] === 'npm' && words.some((word) => long.includes(word))
    const open = shell.filter(({ notRun, text }) => notRun === undefined && commandsIn(text).some(isLong))
    expect(open.map(({ page, line }) => `${page}:${line}`)).toEqual([])
  })
})

describe('command lines of drydock in the pages', () => {
  const lines = shell.flatMap(({ page, line, text }) =>
    drydockIn(text).map((words) => ({ where: `${page}:${line}`, words })),
  )

  it('are found', () => {
    expect(lines.length).toBeGreaterThan(20)
  })

  it.each(lines)('are taken by the real command line: $where $words', async ({ words }) => {
    expect(await problemWith(words)).toBe('')
  })

  it('that stand inside of a sentence name commands and options that there are', () => {
    const isMessage = (code: string) => code.startsWith('drydock has commands for restores only')
    const spans = pages
      .flatMap((page) => codeSpansOf(page).map((code) => ({ page, code })))
      .filter(({ code }) => !isMessage(code))
    const found = spans.flatMap(({ page, code }) => drydockIn(code).map((words) => ({ page, words })))
    expect(found.length).toBeGreaterThan(60)
    const wrong = found.flatMap(({ page, words }) =>
      unknownIn(words).map((what) => `${page}: ${words.join(' ')}: ${what}`),
    )
    expect(wrong).toEqual([])
  })

  it('scripts of npm in the pages are those of the package', () => {
    const texts = [...shell.map(({ text }) => text), ...pages.flatMap(codeSpansOf)]
    const scripts = texts.flatMap((text) =>
      [...text.matchAll(/\bnpm run (?:-s )?([\w:-]*\w)/g)].map(([, name = '']) => name),
    )
    expect(scripts.length).toBeGreaterThan(10)
    expect(scripts.filter((name) => !(name in packageJson.scripts))).toEqual([])
  })
})

describe('commands in a text', () => {
  it('are its words, without variables, comments and where the output goes', () => {
    const text = 'A=1 x \'a b\' --c="d e" \\\n  f # no\ny > file | z && w'
    expect(commandsIn(text)).toEqual([['x', 'a b', '--c=d e', 'f'], ['y'], ['z'], ['w']])
  })

  it('of drydock that are wrong are told', async () => {
    expect(await problemWith(['start', '--from-backup'])).toContain('argument missing')
    expect(unknownIn(['start', '--no-such', 'x'])).toEqual(['--no-such'])
    expect(unknownIn(['nothing'])).toEqual(['nothing'])
  })
})

/** The arguments of each call of drydock in a text, by any of its names. */
function drydockIn(text: string): string[][] {
  return commandsIn(text).flatMap((words) => {
    const [first = '', second = '', third = '', fourth = ''] = words
    if (first === 'drydock') return [words.slice(1)]
    if (first === 'npx' && second === 'velero-drydock') return [words.slice(2)]
    if ([first, second, third, fourth].join(' ') === 'npm run drydock --') return [words.slice(4)]
    return []
  })
}

/** What the real command line says against it; empty where it takes it. Nothing is run. */
async function problemWith(words: readonly string[]): Promise<string> {
  const said = new PassThrough({ encoding: 'utf8' })
  const program = createProgram({ out: said, err: said }, async () => undefined)
  if (words[0] === 'worker') return ''
  try {
    await program.parseAsync(writeOutOptions(words, program), { from: 'user' })
    return ''
  } catch (thrown) {
    const isAsked = thrown instanceof CommanderError && thrown.code === 'commander.helpDisplayed'
    return isAsked ? '' : `${String(said.read() ?? '')}${String(thrown)}`
  }
}

/** The commands and options among the words that drydock does not have. */
function unknownIn(words: readonly string[]): string[] {
  const program = createProgram({ out: new PassThrough(), err: new PassThrough() }, async () => undefined)
  takeBooleanValues(program)
  const [first] = words
  if (first === undefined || first.startsWith('-')) return []
  let command: Command = program
  for (const word of words) {
    const next = command.commands.find((one) => one.name() === word || one.aliases().includes(word))
    if (next === undefined) break
    command = next
  }
  if (command === program) return /^[a-z]/.test(first) ? [first] : []
  const known = new Set([...command.options, ...program.options].flatMap(({ short, long }) => [short, long]))
  known.add('--help')
  return words.filter((word) => word.startsWith('-') && word !== '-' && !known.has(word.replace(/=.*$/s, '')))
}
