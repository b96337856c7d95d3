import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

/** Files that may be longer than the house allows, each with its reason. */
const longFiles: Record<string, string> = {
  'core/modifiers/strategic-type-table.ts': 'a table of the types of Kubernetes',
}

/** Functions that may be longer, each with its reason. */
const longFunctionNames: Record<string, string> = {
  wire: 'the composition root: one line for each part',
  leaderLease: 'a value with methods: each of them is short',
}

/** Tests that stand still, each with its reason. */
const skipped: Record<string, string> = {}

const linesMax = 250
const functionLinesMax = 60

const root = fileURLToPath(new URL('..', import.meta.url))
const listed = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  cwd: root,
  encoding: 'utf8',
})
const all = listed.split('\n').filter((file) => file !== '' && existsSync(join(root, file)))
const code = all.filter((file) => /\.(ts|mts|cts)$/.test(file) && !file.includes('/fixtures/'))
const own = code.filter((file) => !file.startsWith('test/'))
const text = (file: string) => readFileSync(join(root, file), 'utf8')

/** The code without strings, comments and expressions, so that words in them are no findings. */
function bare(source: string): string {
  return source
    .replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, ''))
    .replace(/(^|[^:'"`])\/\/.*$/gm, '$1')
    .replace(/'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"/g, "''")
    .replace(/([=(,:?&|!]\s*)\/(?![*/])(?:[^/\\\n[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/g, "$1''")
    .replace(/`(?:[^`\\]|\\.)*`/g, (template) => template.replace(/[^\n]/g, ''))
}

interface Finding {
  file: string
  line: number
}

function find(files: readonly string[], pattern: RegExp, read: (file: string) => string = (file) => bare(text(file))) {
  return files.flatMap((file) =>
    read(file)
      .split('\n')
      .flatMap((line, index): Finding[] => (pattern.test(line) ? [{ file, line: index + 1 }] : [])),
  )
}

/** Functions and methods that begin at the start of a line, with how many lines they take; the formatter indents. */
function longFunctions(source: string): string[] {
  const lines = source.split('\n')
  const head =
    /^(\s*)(?:export )?(?:async )?(?:function \*?(\w+)|const (\w+)[^=]*= (?:async )?(?:\([^)]*$|.*=> \{$)|(?:static |async |private )*(\w+)\([^=;]*\{$)/
  return lines.flatMap((line, from) => {
    const match = head.exec(line)
    const name = match?.[2] ?? match?.[3] ?? match?.[4]
    if (match === null || name === undefined || /^(if|for|while|switch|catch)$/.test(name)) return []
    const indent = match[1] ?? ''
    const length =
      lines
        .slice(from + 1)
        .findIndex((other) => /^\s*[}\])]/.test(other) && !other.startsWith(`${indent} `) && /\}[;,)]*$/.test(other)) +
      2
    return length > functionLinesMax && !(name in longFunctionNames) ? [`${name}: ${length} lines`] : []
  })
}

describe('the house', () => {
  it(`has no file longer than ${linesMax} lines`, () => {
    const long = code.filter((file) => text(file).split('\n').length - 1 > linesMax && !(file in longFiles))
    expect(long).toEqual([])
  })

  it('exempts from that only what is longer', () => {
    expect(Object.keys(longFiles).filter((file) => text(file).split('\n').length - 1 <= linesMax)).toEqual([])
  })

  it(`has no function longer than ${functionLinesMax} lines`, () => {
    expect(own.flatMap((file) => longFunctions(text(file)).map((found) => `${file} ${found}`))).toEqual([])
  })

  it('knows what it says: no `any`', () => {
    expect(find(own, /(?::\s*|<|\bas\s+)any\b(?:\[\])*\s*(?:[;,)>=|&{]|$)/)).toEqual([])
  })

  it('knows what is there: no non-null `!`', () => {
    expect(find(own, /[\w\])]!(?:[.;,)\]\s[]|$)(?!=)/)).toEqual([])
  })

  it('names files after their concept', () => {
    expect(code.filter((file) => /^(utils?|helpers?|common|types|misc|shared)\./.test(basename(file)))).toEqual([])
    expect(
      code.filter((file) => !/^[a-z0-9]+(-[a-z0-9]+)*(\.test|\.servers\.test|\.config|\.d)?\.ts$/.test(basename(file))),
    ).toEqual([])
  })

  it('finishes or does not begin: no notes to self', () => {
    const notes = /TO[D]O|FIX[M]E|X[X]X/
    expect(find(code, notes, text)).toEqual([])
  })

  it('runs every test: no .only, and .skip only with a reason', () => {
    const tests = code.filter((file) => file.startsWith('test/'))
    expect(find(tests, /\b(?:it|test|describe)\.only\b/)).toEqual([])
    expect(find(tests, /\b(?:it|test|describe)\.(?:skip|todo)\b/).filter(({ file }) => !(file in skipped))).toEqual([])
  })
})

describe('the packages', () => {
  const manifest = JSON.parse(text('package.json')) as Record<string, Record<string, string>>

  it('have exact versions', () => {
    const versions = ['dependencies', 'devDependencies', 'overrides'].flatMap((part) =>
      Object.entries(manifest[part] ?? {}),
    )
    expect(versions.filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))).toEqual([])
  })

  it('come from wherever the user has them: no address of a registry anywhere', () => {
    expect(text('package-lock.json')).not.toContain('"resolved"')
    const registry = /registr[y]=|registr[y]\.(npmjs|yarnpkg)|npmmirro[r]|artifactor[y]/
    const files = all.filter((file) => !/\.(gz|tar|png|jpe?g|zip|woff2?)$/.test(file))
    expect(find(files, registry, text)).toEqual([])
  })
})

describe('the guard of the house', () => {
  it('measures functions', () => {
    const body = Array.from({ length: 60 }, () => '  work()').join('\n')
    expect(longFunctions(`export function long(a: string): void {\n${body}\n}\n`)).toEqual(['long: 62 lines'])
    expect(longFunctions(`export const long = (a: string) => {\n${body}\n}\n`)).toEqual(['long: 62 lines'])
    expect(longFunctions(`class A {\n  async long(a: string) {\n${body.replaceAll('  w', '    w')}\n  }\n}\n`)).toEqual(
      ['long: 62 lines'],
    )
    expect(longFunctions(`function short() {\n  work()\n}\nfunction other() {\n${body.slice(0, 90)}\n}\n`)).toEqual([])
  })

  it('sees through strings, comments and expressions', () => {
    const source = "const a = 'x: any' // : any\n/* : any */\nconst b = /x: any/\nconst c = `d: any`"
    expect(find(['x'], /:\s*any\b/, () => bare(source))).toEqual([])
    expect(find(['x'], /:\s*any\b/, () => bare('const a: any = 1'))).toHaveLength(1)
  })
})
