import { describe, expect, it, test } from 'vitest'
import { compileLabelSelector } from '../../../core/filter/label-selector.ts'
import type { LabelSelector } from '../../../velero/restore.ts'

const name =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
const value =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"

function selects(selector: LabelSelector | null): boolean[] {
  const compiled = compileLabelSelector(selector)
  if ('error' in compiled) throw new Error(compiled.error)
  return [undefined, {}, { app: '1' }, { app: '2' }, { tier: '1' }].map((labels) => compiled.matches(labels))
}

function where(key: string, operator: string, values?: string[]): LabelSelector {
  return { matchExpressions: [{ key, operator, ...(values && { values }) }] }
}

describe('of an object without labels, with none, app=1, app=2 and tier=1', () => {
  test.each<[string, LabelSelector | null, boolean[]]>([
    ['no selector selects nothing', null, [false, false, false, false, false]],
    ['an empty selector selects everything', {}, [true, true, true, true, true]],
    ['a label selects its value', { matchLabels: { app: '1' } }, [false, false, true, false, false]],
    ['labels select together', { matchLabels: { app: '1', tier: '1' } }, [false, false, false, false, false]],
    ['In selects its values', where('app', 'In', ['1', '3']), [false, false, true, false, false]],
    ['NotIn selects the others and the unlabelled', where('app', 'NotIn', ['1']), [true, true, false, true, true]],
    ['Exists selects any value', where('app', 'Exists'), [false, false, true, true, false]],
    ['Exists may have an empty list', where('app', 'Exists', []), [false, false, true, true, false]],
    ['DoesNotExist selects the unlabelled', where('app', 'DoesNotExist'), [true, true, false, false, true]],
    [
      'labels and expressions must both hold',
      { matchLabels: { app: '1' }, ...where('app', 'NotIn', ['1']) },
      [false, false, false, false, false],
    ],
  ])('%s', (_, selector, selected) => {
    expect(selects(selector)).toEqual(selected)
  })

  it('takes an inherited name for no label', () => {
    expect(selects(where('toString', 'Exists'))).toEqual([false, false, false, false, false])
  })
})

describe('a selector is refused in the words of Kubernetes', () => {
  test.each<[LabelSelector, string]>([
    [where('app', 'Bad'), '"Bad" is not a valid label selector operator'],
    [where('app', 'in', ['1']), '"in" is not a valid label selector operator'],
    [
      where('app', 'In'),
      "values: Invalid value: []string(nil): for 'in', 'notin' operators, values set can't be empty",
    ],
    [
      where('app', 'NotIn', []),
      "values: Invalid value: []string(nil): for 'in', 'notin' operators, values set can't be empty",
    ],
    [
      where('app', 'Exists', ['x', 'y']),
      'values: Invalid value: []string{"x", "y"}: values set must be empty for exists and does not exist',
    ],
    [
      where('app', 'DoesNotExist', ['x']),
      'values: Invalid value: []string{"x"}: values set must be empty for exists and does not exist',
    ],
    [where('', 'Exists'), `key: Invalid value: "": name part must be non-empty; ${name}`],
    [where('a b', 'Exists'), `key: Invalid value: "a b": ${name}`],
    [where('ok.io/-b', 'Exists'), `key: Invalid value: "ok.io/-b": ${name}`],
    [where('/a', 'Exists'), 'key: Invalid value: "/a": prefix part must be non-empty'],
    [
      where('A/b/c', 'Exists'),
      `key: Invalid value: "A/b/c": ${name.replace('name part', 'a qualified name')} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ],
    [
      where('A_x/b', 'Exists'),
      String.raw`key: Invalid value: "A_x/b": prefix part a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')`,
    ],
    [
      where('x'.repeat(64), 'Exists'),
      `key: Invalid value: "${'x'.repeat(64)}": name part must be no more than 63 characters`,
    ],
    [
      where(`${'a'.repeat(254)}/x`, 'Exists'),
      `key: Invalid value: "${'a'.repeat(254)}/x": prefix part must be no more than 253 characters`,
    ],
    [
      where('a', 'In', ['b c', 'ok', '-']),
      `[values[0][a]: Invalid value: "b c": ${value}, values[2][a]: Invalid value: "-": ${value}]`,
    ],
    [
      where('a b', 'In', ['b c']),
      `[key: Invalid value: "a b": ${name}, values[0][a b]: Invalid value: "b c": ${value}]`,
    ],
    [
      { matchLabels: { a: 'x'.repeat(64) } },
      `values[0][a]: Invalid value: "${'x'.repeat(64)}": must be no more than 63 characters`,
    ],
    [{ matchLabels: { 'z z': '1', a: '-x' } }, `values[0][a]: Invalid value: "-x": ${value}`],
  ])('%j', (selector, error) => {
    expect(compileLabelSelector(selector)).toEqual({ error })
  })
})
