import { expect, it } from 'vitest'
import { escaped, html, page, table } from '../../../core/page/page.ts'

it('lets no text of a backup become markup', () => {
  const hostile = '</td><script>alert("1")</script>'
  const made = page(hostile, table('all', ['Name'], [[hostile], [html`<b>${hostile}</b>`]]))
  expect(made).not.toContain('<script')
  expect(made.match(/&#60;script&#62;/g)).toHaveLength(4)
  expect(made).toContain('<td><b>&#60;/td&#62;')
})

it('shows what turns the direction of text, and what is no character, as codes', () => {
  expect(escaped('a\u202eb\u0000c\nd')).toBe('a\\u202eb\\u0000c\nd')
})

it('needs no network and takes light and dark from the system', () => {
  const made = page('p', html`<p>x</p>`)
  expect(made).toContain("default-src 'none'")
  expect(made).toContain('prefers-color-scheme: dark')
  expect(made).not.toMatch(/https?:/)
})
