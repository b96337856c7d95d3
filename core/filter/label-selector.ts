import type { LabelSelector } from '../../velero/restore.ts'

/** The labels of an object; undefined means no labels. */
export type Labels = Readonly<Record<string, string>> | undefined

/** A compiled selector, or the error in it in the words of Kubernetes. */
export type CompiledLabelSelector = { readonly matches: (labels: Labels) => boolean } | { error: string }

type Operator = 'Equals' | 'In' | 'NotIn' | 'Exists' | 'DoesNotExist'

interface Requirement {
  key: string
  operator: Operator
  values: readonly string[]
}

/**
 * Compiles a label selector as Kubernetes' API machinery does. No selector selects nothing, an empty one everything,
 * and all requirements must hold. An object without the label satisfies `NotIn` and `DoesNotExist`. Of several invalid
 * requirements the first is reported: Velero takes `matchLabels` in random order, we take them sorted by key.
 */
export function compileLabelSelector(selector: LabelSelector | null | undefined): CompiledLabelSelector {
  if (!selector) return { matches: () => false }
  const requirements: Requirement[] = []
  for (const requirement of requirementsOf(selector)) {
    if ('error' in requirement) return requirement
    const faults = faultsOf(requirement)
    if (faults.length > 0) return { error: faults.length === 1 ? faults.join() : `[${faults.join(', ')}]` }
    requirements.push(requirement)
  }
  return { matches: (labels) => requirements.every((requirement) => holds(requirement, labels ?? {})) }
}

/** Several label selectors, compiled: the first one must match, and one of the alternatives if there are any. */
export interface LabelFilter {
  /** Whether the filter needs labels. If not, it accepts any. */
  readonly asksLabels: boolean
  readonly acceptsLabels: (labels: Labels) => boolean
}

/** Compiles a selector and alternative ones. The error says which of the two is invalid. */
export function makeLabelFilter(
  selector: LabelSelector | null | undefined,
  alternatives: readonly LabelSelector[],
): LabelFilter | { error: string; in: 'selector' | 'alternatives' } {
  const all = selector ? compileLabelSelector(selector) : undefined
  if (all && 'error' in all) return { ...all, in: 'selector' }
  const any: ((labels: Labels) => boolean)[] = []
  for (const alternative of alternatives) {
    const compiled = compileLabelSelector(alternative)
    if ('error' in compiled) return { ...compiled, in: 'alternatives' }
    any.push(compiled.matches)
  }
  return {
    asksLabels: all !== undefined || any.length > 0,
    acceptsLabels: (labels) =>
      (all?.matches(labels) ?? true) && (any.length === 0 || any.some((matches) => matches(labels))),
  }
}

function requirementsOf(selector: LabelSelector): (Requirement | { error: string })[] {
  const labels = Object.entries(selector.matchLabels ?? {}).sort(([a], [b]) => (a < b ? -1 : 1))
  return [
    ...labels.map(([key, value]): Requirement => ({ key, operator: 'Equals', values: [value] })),
    // In a ConfigMap a field may be missing: then it is empty, as in Go.
    ...(selector.matchExpressions ?? []).map(
      ({ key = '', operator = '', values }: Partial<Expression>): Requirement | { error: string } =>
        isOperator(operator)
          ? { key, operator, values: values ?? [] }
          : { error: `${JSON.stringify(operator)} is not a valid label selector operator` },
    ),
  ]
}

type Expression = NonNullable<LabelSelector['matchExpressions']>[number]

function isOperator(operator: string): operator is Operator {
  return ['In', 'NotIn', 'Exists', 'DoesNotExist'].includes(operator)
}

function faultsOf(requirement: Requirement): string[] {
  const { key, values } = requirement
  const keyFaults = labelKeyFaults(key)
  return [
    ...(keyFaults.length > 0 ? [invalid('key', JSON.stringify(key), keyFaults.join('; '))] : []),
    ...countFaults(requirement),
    ...values.flatMap((value, index) => {
      const faults = labelValueFaults(value)
      return faults.length > 0 ? [invalid(`values[${index}][${key}]`, JSON.stringify(value), faults.join('; '))] : []
    }),
  ]
}

function countFaults({ operator, values }: Requirement): string[] {
  switch (operator) {
    case 'Equals':
      return []
    case 'In':
    case 'NotIn':
      if (values.length > 0) return []
      return [invalid('values', '[]string(nil)', "for 'in', 'notin' operators, values set can't be empty")]
    case 'Exists':
    case 'DoesNotExist': {
      if (values.length === 0) return []
      const list = values.map((value) => JSON.stringify(value)).join(', ')
      return [invalid('values', `[]string{${list}}`, 'values set must be empty for exists and does not exist')]
    }
  }
}

function invalid(field: string, value: string, why: string): string {
  return `${field}: Invalid value: ${value}: ${why}`
}

function holds({ key, operator, values }: Requirement, labels: Readonly<Record<string, string>>): boolean {
  const value = Object.hasOwn(labels, key) ? labels[key] : undefined
  switch (operator) {
    case 'Equals':
    case 'In':
      return value !== undefined && values.includes(value)
    case 'NotIn':
      return value === undefined || !values.includes(value)
    case 'Exists':
      return value !== undefined
    case 'DoesNotExist':
      return value === undefined
  }
}

const namePattern = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]'
const valuePattern = `(${namePattern})?`
const subdomainPattern = String.raw`[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*`

const nameRule =
  `must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character ` +
  `(e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '${namePattern}')`
const valueRule =
  `a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end ` +
  `with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '${valuePattern}')`
const subdomainRule =
  `a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end ` +
  `with an alphanumeric character (e.g. 'example.com', regex used for validation is '${subdomainPattern}')`

/** The errors in a label's key in the words of Kubernetes; empty for a valid key. */
function labelKeyFaults(key: string): string[] {
  const parts = key.split('/')
  if (parts.length > 2) {
    return [`a qualified name ${nameRule} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`]
  }
  const name = parts.at(-1) ?? ''
  return [
    ...(parts.length === 2 ? prefixFaults(parts[0] ?? '').map((fault) => `prefix part ${fault}`) : []),
    ...nameFaults(name).map((fault) => `name part ${fault}`),
  ]
}

/** The errors in a label's value in the words of Kubernetes; empty for a valid value. */
function labelValueFaults(value: string): string[] {
  return [...tooLong(value, 63), ...(matchesWhole(valuePattern, value) ? [] : [valueRule])]
}

function prefixFaults(prefix: string): string[] {
  if (prefix === '') return ['must be non-empty']
  return [...tooLong(prefix, 253), ...(matchesWhole(subdomainPattern, prefix) ? [] : [subdomainRule])]
}

function nameFaults(name: string): string[] {
  if (name === '') return ['must be non-empty', nameRule]
  return [...tooLong(name, 63), ...(matchesWhole(namePattern, name) ? [] : [nameRule])]
}

function tooLong(text: string, charactersMax: number): string[] {
  return text.length > charactersMax ? [`must be no more than ${charactersMax} characters`] : []
}

function matchesWhole(pattern: string, text: string): boolean {
  return new RegExp(`^(?:${pattern})$`).test(text)
}
