import { dirname } from 'node:path'
import { expect, it } from 'vitest'
import { circlesOf, importsOf, targetOf } from '../house/imports.ts'
import { listFiles, textOf } from '../house/source-files.ts'

it('the folders of core are layers: none imports one that imports it', () => {
  const folders = new Map<string, string[]>()
  for (const file of listFiles('core')) {
    const folder = dirname(file)
    const imported = importsOf(textOf(file)).map((one) => dirname(targetOf(file, one) ?? file))
    folders.set(folder, [...(folders.get(folder) ?? []), ...imported.filter((other) => other !== folder)])
  }
  expect(folders.size).toBeGreaterThan(10)
  expect(circlesOf(folders)).toEqual([])
})
