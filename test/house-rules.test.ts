import { basename, dirname } from 'node:path'
import { describe, expect, it } from 'vitest'
import { fullFolders, letOff } from './house/house-exceptions.ts'
import { listFiles, textOf } from './house/source-files.ts'

const fileLinesMax = 300
const folderFilesMax = 16
const functionLinesMax = 60
const parametersMax = 4

const all = listFiles()
const code = all.filter((file) => /\.(ts|mts|cts|cjs)$/.test(file) && !file.includes('/fixtures/'))
const own = code.filter((file) => !file.startsWith('test/'))

/** The code without strings, comments and expressions, so that words in them are no findings. */
function bare(source: string): string {
  return source
    .replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, ''))
    .replace(/(^|[^:'"`])\/\/.*$/gm, '$1')
    .replace(/'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"/g, "''")
    .replace(/([=(,:?&|!]\s*)\/(?![*/])(?:[^/\\\n[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/g, "$1''")
    .replace(/`(?:[^`\\]|\\.)*`/g, (template) => template.replace(/[^\n]/g, ''))
}

/** The lines of files that match, as `<file>:<line>`. */
function find(files: readonly string[], pattern: RegExp, read: (file: string) => string = textOf): string[] {
  return files.flatMap((file) =>
    read(file)
      .split('\n')
      .flatMap((line, index) => (pattern.test(line) ? [`${file}:${index + 1}`] : [])),
  )
}

/** Exported functions and classes without a comment right above them, by name. An overload needs one comment. */
function withoutComment(source: string): string[] {
  const lines = source.split('\n')
  const head = /^export (?:async |abstract )*(?:function\*?|class) (\w+)/
  return lines.flatMap((line, index) => {
    const name = head.exec(line)?.[1]
    const above = lines[index - 1] ?? ''
    return name === undefined || above.endsWith('*/') || head.exec(above)?.[1] === name ? [] : [name]
  })
}

const linesOf = (file: string) => textOf(file).split('\n').length - 1

function filesByFolder(): Map<string, number> {
  const counts = new Map<string, number>()
  for (const file of code) counts.set(dirname(file), (counts.get(dirname(file)) ?? 0) + 1)
  return counts
}

describe('the house', () => {
  it(`has no file longer than ${fileLinesMax} lines`, () => {
    expect(code.filter((file) => linesOf(file) > fileLinesMax)).toEqual([])
  })

  it(`has no folder with more than ${folderFilesMax} files`, () => {
    const full = [...filesByFolder()].filter(
      ([folder, count]) => count > (fullFolders[folder]?.files ?? folderFilesMax),
    )
    expect(full).toEqual([])
  })

  it('exempts from that only folders that need it', () => {
    const counts = filesByFolder()
    expect(Object.keys(fullFolders).filter((folder) => (counts.get(folder) ?? 0) <= folderFilesMax)).toEqual([])
  })

  it('names files after their concept', () => {
    expect(code.filter((file) => /^(utils?|helpers?|common|types|misc|shared)\./.test(basename(file)))).toEqual([])
    const names = /^[a-z0-9]+(-[a-z0-9]+)*(\.test|\.servers\.test|\.config|\.d)?\.c?ts$|^[a-z0-9]+(-[a-z0-9]+)*\.cjs$/
    expect(code.filter((file) => !names.test(basename(file)))).toEqual([])
  })

  it('gives things the name of what they are, not a picture of it', () => {
    const pictures = /\b(?:\w*Desk|Workshop|\w*[sS]cene|[fF]oresee\w*|patiently|marred|honour\w*|tend(?:ed|ing|Pod))\b/
    expect(
      find(
        code.filter((file) => !file.startsWith('test/house')),
        pictures,
      ),
    ).toEqual([])
  })

  it('opens each exported function and class with a sentence', () => {
    const found = own.flatMap((file) => withoutComment(textOf(file)).map((name) => `${file} ${name}`))
    expect(found).toEqual([])
  })

  it('finishes or does not begin: no notes to self', () => {
    expect(find(code, /TO[D]O|FIX[M]E|X[X]X/)).toEqual([])
  })

  it('runs every test but those whose tool is missing, which say so', () => {
    const tests = code.filter((file) => file.startsWith('test/'))
    const read = (file: string) => bare(textOf(file))
    expect(find(tests, /\b(?:it|test|describe)\.(?:only|skip|todo|fails|runIf)\b/, read)).toEqual([])
    expect(find(tests, /\.skipIf\((?!isMissing\()/, read)).toEqual([])
  })
})

/** What a parser has to count is held by the linter; here it is seen that nobody turned it down. */
describe('the linter of the house', () => {
  const config = JSON.parse(textOf('.oxlintrc.json')) as {
    rules: Record<string, unknown>
    overrides: { files: string[]; rules: Record<string, unknown> }[]
  }

  it.each([
    ['max-params', ['error', { max: parametersMax }]],
    ['max-lines-per-function', ['error', { max: functionLinesMax }]],
    ['typescript/no-explicit-any', 'error'],
    ['typescript/no-non-null-assertion', 'error'],
    ['typescript/no-floating-promises', 'error'],
    ['typescript/switch-exhaustiveness-check', ['error', { considerDefaultExhaustiveForUnions: true }]],
  ])('holds %s', (rule, setting) => {
    expect(config.rules[rule]).toEqual(setting)
  })

  it('is turned down only for files with a reason', () => {
    expect(config.overrides.flatMap(({ files }) => files).toSorted()).toEqual(Object.keys(letOff).toSorted())
  })

  it('is silenced in single places only, each with its reason', () => {
    const silenced = find(code, /(?:ox|es)lint-disabl[e]/)
    const withReason = find(code, /\/\/ oxlint-disabl[e]-next-line [\w/-]+ -- \w.*/)
    expect(silenced.filter((place) => !withReason.includes(place))).toEqual([])
    expect(find(code, /@ts-(?:ignore|nocheck)/)).toEqual([])
  })
})

describe('the packages', () => {
  const manifest = JSON.parse(textOf('package.json')) as Record<string, Record<string, string>>

  it('have exact versions', () => {
    const versions = ['dependencies', 'devDependencies', 'overrides'].flatMap((part) =>
      Object.entries(manifest[part] ?? {}),
    )
    expect(versions.filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))).toEqual([])
  })

  it('come from wherever the user has them: no address of a registry anywhere', () => {
    expect(textOf('package-lock.json')).not.toContain('"resolved"')
    const registry = /registr[y]=|registr[y]\.(npmjs|yarnpkg)|npmmirro[r]|artifactor[y]/
    expect(
      find(
        all.filter((file) => !/\.(gz|tar|png|jpe?g|zip|woff2?)$/.test(file)),
        registry,
      ),
    ).toEqual([])
  })
})

describe('CONTRIBUTING.md', () => {
  const text = textOf('CONTRIBUTING.md')

  it.each([
    [`${fileLinesMax} lines`, 'a file'],
    [`${functionLinesMax} lines`, 'a function'],
    [`${parametersMax} parameters`, 'a function'],
    [`${folderFilesMax} files`, 'a folder'],
  ])('promises at most %s in %s, as it is held', (limit, what) => {
    expect(text).toMatch(new RegExp(`${what}[^|]*\\|[^|]*\\b${limit}`, 'i'))
  })
})

describe('the guard of the house', () => {
  it('sees an exported function without a sentence', () => {
    expect(
      withoutComment('export function a() {}\n/** Says. */\nexport class B {}\n\nexport async function c() {}'),
    ).toEqual(['a', 'c'])
    expect(
      withoutComment('/** Says. */\nexport function a(x: string): void\nexport function a(x: number): void'),
    ).toEqual([])
  })

  it('sees through strings, comments and expressions', () => {
    const source = "const a = 'x: any' // : any\n/* : any */\nconst b = /x: any/\nconst c = `d: any`"
    expect(find(['x'], /:\s*any\b/, () => bare(source))).toEqual([])
    expect(find(['x'], /:\s*any\b/, () => bare('const a: any = 1'))).toEqual(['x:1'])
  })
})
