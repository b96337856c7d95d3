import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { noticeFacts, noticeNames } from '../../../core/notify/notice-facts.ts'
import { defaultTemplate, parseTemplate, renderTemplate } from '../../../core/notify/template.ts'
import type { Template } from '../../../core/notify/template.ts'

const facts = noticeFacts(
  {
    namespace: 'velero',
    name: 'again',
    backup: 'shop',
    phase: 'PartiallyFailed',
    startedAt: '2026-01-02T03:04:00Z',
    endedAt: '2026-01-02T03:04:12Z',
    warnings: 0,
    errors: 2,
    itemsRestored: 13,
    totalItems: 15,
  },
  {
    cluster: 'c-1',
    details: {
      counts: { created: 13, updated: 0, skipped: 0, failed: 2 },
      causes: [{ cause: 'exceeded "…"', count: 2 }],
    },
  },
)

const rendered = (template: Template): unknown => JSON.parse(renderTemplate(template, facts))

describe('a template', () => {
  it('keeps the kind of a value where a placeholder stands alone', () => {
    const template = { n: '{{errors}}', list: ['{{ causes }}'], none: '{{reportUrl}}', same: [1, true, null] }
    expect(rendered(template)).toEqual({ n: 2, list: [['2 × exceeded "…"']], none: null, same: [1, true, null] })
  })

  it('puts values into longer texts, what there is not as nothing', () => {
    expect(rendered('{{name}}: {{errors}} errors ({{causes}}){{drill}} }}')).toBe(
      'again: 2 errors (2 × exceeded "…") }}',
    )
  })

  it('cannot be broken out of by a name', () => {
    const template: Template = { text: 'of {{name}}', more: '{{name}}' }
    const name = '","admin":true,"x":"{{errors}}'
    expect(JSON.parse(renderTemplate(template, { ...facts, name }))).toEqual({ text: `of ${name}`, more: name })
  })

  it('is cut in its texts where it would be too long', () => {
    const body = renderTemplate(Array<string>(400).fill('{{sentence}}'), { ...facts, sentence: 'x'.repeat(5_000) })
    expect(body.length).toBeLessThan(262_144)
    expect((JSON.parse(body) as string[])[399]).toBe('x'.repeat(500))
  })

  it('of the default has all there is to tell', () => {
    expect(rendered(defaultTemplate)).toEqual({ text: facts.sentence, ...facts })
    expect(Object.keys(facts).sort()).toEqual([...noticeNames].sort())
  })
})

describe('a template that does not parse is refused with one sentence', () => {
  it.each([
    ['{"text": }', /^it is no JSON document: Unexpected token '}'/],
    ['{"a": "token-123" "b"}', /^it is no JSON document: (?!.*token-123)/],
    ['', /^it is no JSON document/],
    ['{"a": ["{{nme}}"]}', /^it names the placeholder \{\{nme\}\}, which is none of namespace, name, /],
    ['{"a": {"b": "of {{name"}}', /^at \/a\/b a placeholder has no end/],
    ['{"{{name}}": 1}', /^the key \/\{\{name\}\} holds a placeholder: only values may$/],
    [`${'['.repeat(60)}${']'.repeat(60)}`, /^it is nested more than 50 levels deep$/],
    [JSON.stringify('x'.repeat(70_000)), /^it is longer than 65536 characters$/],
  ])('%s', (text, sentence) => {
    const parsed = parseTemplate(text)
    expect('error' in parsed ? parsed.error : 'no error').toMatch(sentence)
  })
})

it('the templates of the page on notifications parse', () => {
  const page = readFileSync('docs/notifications.md', 'utf8')
  const templates = [...page.matchAll(/<!-- template -->\s+```json\n(.*?)```/gs)].map(([, text = '']) => text)
  expect(templates).toHaveLength(2)
  for (const text of templates) expect(parseTemplate(text)).toHaveProperty('template')
})

it('the page on notifications explains each placeholder', () => {
  const page = readFileSync('docs/notifications.md', 'utf8')
  const explained = [...page.matchAll(/^\| (`.*?`(?:, `.*?`)*) +\|/gm)].flatMap(([, names = '']) =>
    [...names.matchAll(/`(\w+)`/g)].map(([, name]) => name),
  )
  const placeholders = explained.filter((name) => name !== undefined && /^[a-z]/.test(name))
  expect(new Set(placeholders)).toEqual(new Set(noticeNames))
})
