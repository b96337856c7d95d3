import type { LabelSelector } from '../../velero/restore.ts'
import { labelKeyFaults, labelValueFaults } from '../plan/label-syntax.ts'

/** The labels of an object; absent is the same as none. */
export type Labels = Readonly<Record<string, string>> | undefined

/** A selector ready to match, or why it is none, in the words of Kubernetes. */
export type CompiledLabelSelector = { readonly matches: (labels: Labels) => boolean } | { error: string }

type Operator = 'Equals' | 'In' | 'NotIn' | 'Exists' | 'DoesNotExist'

interface Requirement {
  key: string
  operator: Operator
  values: readonly string[]
}

/**
 * Compiles a label selector as Kubernetes' API machinery does: no selector at all selects nothing, an empty one
 * everything, and all of its requirements must hold. An object without the label satisfies `NotIn` and `DoesNotExist`.
 * Of several faulty requirements the first is reported; Velero's choice among `matchLabels` is random, ours is by key.
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

function requirementsOf(selector: LabelSelector): (Requirement | { error: string })[] {
  const labels = Object.entries(selector.matchLabels ?? {}).sort(([a], [b]) => (a < b ? -1 : 1))
  return [
    ...labels.map(([key, value]): Requirement => ({ key, operator: 'Equals', values: [value] })),
    ...(selector.matchExpressions ?? []).map(({ key, operator, values }): Requirement | { error: string } =>
      isOperator(operator)
        ? { key, operator, values: values ?? [] }
        : { error: `${JSON.stringify(operator)} is not a valid label selector operator` },
    ),
  ]
}

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
