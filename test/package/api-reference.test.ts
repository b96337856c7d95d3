import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { apiReference } from '../../package/api-reference.ts'

const page = new URL('../../docs/api.md', import.meta.url)
/** `npm run format` changes white space and trailing commas alone. */
const bare = (text: string) => text.replace(/\s+/g, '').replaceAll(',)', ')')

it('docs/api.md is what node package/api-reference.ts makes of the doc comments', () => {
  expect(bare(readFileSync(page, 'utf8'))).toBe(bare(apiReference()))
})
