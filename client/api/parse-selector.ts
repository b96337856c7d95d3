import { compileLabelSelector } from '../../core/filter/label-selector.ts'
import type { LabelSelector } from '../../velero/restore.ts'

/** A selector that cannot be read; the message says which part and why. */
export class SelectorError extends Error {
  override readonly name = 'SelectorError'
}

type Expression = NonNullable<LabelSelector['matchExpressions']>[number]

/** Reads a label selector as `kubectl -l` does: `app=web,tier!=db,env in (a,b),!legacy`. All parts must hold. */
export function parseSelector(text: string): LabelSelector {
  const matchLabels: Record<string, string> = {}
  const matchExpressions: Expression[] = []
  for (const part of splitParts(text)) {
    const requirement = readRequirement(part)
    if ('equals' in requirement) matchLabels[requirement.key] = requirement.equals
    else matchExpressions.push(requirement)
  }
  const selector: LabelSelector = {
    ...(Object.keys(matchLabels).length === 0 ? {} : { matchLabels }),
    ...(matchExpressions.length === 0 ? {} : { matchExpressions }),
  }
  const compiled = compileLabelSelector(selector)
  if ('error' in compiled) throw new SelectorError(compiled.error)
  return selector
}

/** Selectors of which one must hold, separated by ` or `. */
export function parseOrSelectors(text: string): LabelSelector[] {
  return text.split(/\s+or\s+/).map(parseSelector)
}

/** Cuts at the commas that stand outside of parentheses. */
function splitParts(text: string): string[] {
  const parts = text.split(/,(?![^(]*\))/).map((part) => part.trim())
  if (parts.some((part) => part === '')) throw new SelectorError(`${JSON.stringify(text)} has an empty part`)
  return parts
}

function readRequirement(part: string): { key: string; equals: string } | Expression {
  const set = /^(\S+)\s+(in|notin)\s*\(([^()]*)\)$/.exec(part)
  if (set !== null) {
    const [, key = '', word, list = ''] = set
    const values = list.split(',').map((value) => value.trim())
    return { key, operator: word === 'in' ? 'In' : 'NotIn', values }
  }
  const comparison = /^([^\s=!]+)\s*(==|=|!=)\s*(\S*)$/.exec(part)
  if (comparison !== null) {
    const [, key = '', sign, value = ''] = comparison
    return sign === '!=' ? { key, operator: 'NotIn', values: [value] } : { key, equals: value }
  }
  const missing = /^!\s*(\S+)$/.exec(part)
  if (missing !== null) return { key: missing[1] ?? '', operator: 'DoesNotExist' }
  if (/^\S+$/.test(part)) return { key: part, operator: 'Exists' }
  throw new SelectorError(`${JSON.stringify(part)} is no label selector`)
}
