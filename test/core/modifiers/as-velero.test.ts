import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { semanticEqual } from '../../../core/values/manifest-json.ts'
import { applyModifiers } from '../../../core/modifiers/apply-modifiers.ts'
import { parseModifiers, type ResourceModifiers } from '../../../core/modifiers/parse-modifiers.ts'
import type { Manifest } from '../../../velero/manifest.ts'
import { isSameUpToParser } from '../../parity/tolerated.ts'

/** What Velero v1.18.3's own package of resource modifiers made of these rules; without `after` the item stays as it was. */
interface Recorded {
  item: Manifest
  pod: Manifest
  cases: {
    title: string
    on: 'item' | 'pod'
    groupResource?: string
    rules: object[]
    errors: string[]
    after?: Manifest
  }[]
}

const recorded = JSON.parse(readFileSync(new URL('as-velero.golden.json', import.meta.url), 'utf8')) as Recorded

function modifiersOf(rules: object[]): ResourceModifiers {
  const data = { rules: JSON.stringify({ version: 'v1', resourceModifierRules: rules }) }
  const parsed = parseModifiers({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'mods' }, data })
  if ('error' in parsed) throw new Error(parsed.error)
  return parsed.modifiers
}

/** What Velero said, where only the message of a parser is another one (decision 4). */
function upToParser(error: string, velero = ''): string {
  return isSameUpToParser(velero, error) ? velero : error
}

describe('modifiers do what Velero does', () => {
  test.each(recorded.cases)('$title', ({ on, groupResource = 'pods', rules, errors, after }) => {
    const item = recorded[on]
    const before = structuredClone(item)
    const result = applyModifiers({ item, groupResource, modifiers: modifiersOf(rules) })
    expect(result.errors.map((error, index) => upToParser(error, errors[index]))).toEqual(errors)
    if (!semanticEqual(result.item, after ?? before)) expect(result.item).toEqual(after ?? before)
    expect(item).toEqual(before)
  })
})
