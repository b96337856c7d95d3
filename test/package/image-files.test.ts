import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { rules } from '../house/architecture-rules.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

it('the image is built from every folder of the product, and from no other', () => {
  const ofProduct = Object.keys(rules).map((folder) => folder.split('/')[0])
  const wanted = new Set([...ofProduct, 'package', 'types'])
  wanted.delete('examples')
  const kept = readFileSync(join(root, '.dockerignore'), 'utf8').matchAll(/^!([a-z-]+)$/gm)
  expect(new Set([...kept].map(([, folder]) => folder))).toEqual(wanted)
})
