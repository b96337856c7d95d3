import { describe, expect, it } from 'vitest'
import { brokenCitations, openLibrary } from './house/citations.ts'
import { listFiles, textOf } from './house/source-files.ts'

const files = listFiles()
const library = openLibrary(files, textOf)
const read = files.filter(
  (file) =>
    (/\.(ts|cjs|md|ya?ml|sh)$/.test(file) || ['Dockerfile', '.ci/run'].includes(file)) &&
    !/^test\/(fixtures|histories)\/|^test\/house\/citations\.ts$|^test\/citations\.test\.ts$/.test(file),
)

describe('a citation', () => {
  it('leads to something that is in the repository', () => {
    expect(read.flatMap((file) => brokenCitations(file, library))).toEqual([])
  })
})

describe('each rule of correctness', () => {
  const rules = textOf('docs/rules.md')
    .split(/^(?=## Rule \d+$)/m)
    .slice(1)
  const part = (rule: string, name: string) => new RegExp(`^- \\*\\*${name}:\\*\\*(.*)$`, 'm').exec(rule)?.[1] ?? ''
  const targets = (line: string) => [...line.matchAll(/\]\(\.\.\/([^)]+)\)/g)].map((match) => match[1] ?? '')

  it('has its number in order', () => {
    expect(rules.map((rule) => /^## Rule (\d+)/.exec(rule)?.[1])).toEqual(rules.map((_, index) => String(index + 1)))
    expect(rules.length).toBe(14)
  })

  it.each(rules.map((rule, index) => [index + 1, rule] as const))(
    'rule %i has a reason, code that cites it, and tests',
    (number, rule) => {
      expect(part(rule, 'Why')).not.toBe('')
      const cites = new RegExp(`\\brule ${number}\\b`, 'i')
      expect(targets(part(rule, 'Code')).filter((file) => cites.test(textOf(file)))).not.toEqual([])
      expect(targets(part(rule, 'Tests')).filter((file) => !file.endsWith('.test.ts'))).toEqual([])
      expect(targets(part(rule, 'Tests'))).not.toEqual([])
    },
  )
})

describe('the tables of docs/security.md', () => {
  const rows = textOf('docs/security.md')
    .split('\n')
    .filter((line) => line.startsWith('|') && !/^\| (boundary|number|-)/.test(line))
    .map((line) => line.split(' | ').map((cell) => cell.replace(/^\|/, '').replace(/\|$/, '').trim()))
  const numbers = rows.filter((cells) => cells.length === 3).map(([number]) => number)

  it('have all findings of the review', () => {
    expect(numbers).toEqual([...Array.from({ length: 13 }, (_, index) => `E${index + 1}`), 'A7', 'C5'])
  })

  it.each(rows.map((cells) => [cells[0], cells] as const))('name a test that holds it: %s', (_, cells) => {
    expect([3, 4]).toContain(cells.length)
    expect(cells.at(-1)).toMatch(/\]\(\.\.\/test\/[^)]+\.test\.ts\)/)
  })
})

describe('each decision', () => {
  const pages = files.filter((file) => /^docs\/decisions\/\d{4}-[a-z0-9-]+\.md$/.test(file))

  it('has its number in order', () => {
    expect(pages.map((page) => Number(page.slice('docs/decisions/'.length).slice(0, 4)))).toEqual(
      pages.map((_, index) => index + 1),
    )
  })

  it.each(pages)('%s says context, choice and what was rejected, on one page', (page) => {
    const text = textOf(page)
    expect(text.match(/^## .+$/gm)).toEqual(['## Context', '## Choice', '## Rejected'])
    expect(text.split('\n').length).toBeLessThanOrEqual(60)
    expect(textOf('docs/decisions/README.md')).toContain(`](${page.slice('docs/decisions/'.length)})`)
  })
})

describe('the guard of citations', () => {
  const pages: Record<string, string> = {
    'docs/rules.md': '## Rule 7\n\n## Rule 8\n',
    'docs/decisions/0002-journal.md': '# Journal\n\n## Why a bucket?\n',
    'core/items/ours.ts': '/** Says. */',
    'test/core/ours.test.ts': "it('an object is ours', () => {})",
  }
  const broken = (file: string, text: string) =>
    brokenCitations(
      file,
      openLibrary([...Object.keys(pages), file], (name) => (name === file ? text : (pages[name] ?? ''))),
    )

  it.each([
    ['core/a.ts', '/** As it must (rule 9). */'],
    ['core/a.ts', "it('rule 9: holds', () => {})"],
    ['core/a.ts', '/** See decision 3. */'],
    ['core/a.ts', '/** Counted (design.md, second point). */'],
    ['core/a.ts', '/** As in §3. */'],
    ['core/a.ts', '/** Kept for quirk 9. */'],
    ['core/a.ts', '// core/items/theirs.ts decides'],
    ['core/a.ts', '/** Everything in core/gone/ is old. */'],
    ['docs/a.md', 'See [the rules](rules.md#rule-9).'],
    ['docs/a.md', 'See [ours](../core/items/theirs.ts).'],
    ['docs/a.md', 'See [why](decisions/0002-journal.md#why-not).'],
    ['docs/a.md', 'Held by [an object is theirs](../test/core/ours.test.ts).'],
    ['docs/a.md', 'See [theirs.ts](../core/items/ours.ts).'],
    ['deploy/a.yaml', '# see docs/gone.md'],
  ])('catches in %s: %s', (file, text) => {
    expect(broken(file, text)).not.toEqual([])
  })

  it.each([
    ['core/a.ts', '/** As it must (rule 7, docs/rules.md), by core/items/ours.ts and decision 2. */'],
    ['core/a.ts', "const path = 'core/items/theirs.ts'"],
    [
      'docs/a.md',
      'See [a](rules.md#rule-8), [b](decisions/0002-journal.md#why-a-bucket), [c](https://example.com/x.md).',
    ],
    ['docs/a.md', 'Held by [an object is ours](../test/core/ours.test.ts), code in [core](../core/items).'],
  ])('lets pass in %s: %s', (file, text) => {
    expect(broken(file, text)).toEqual([])
  })
})
