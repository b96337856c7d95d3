import type { LabelSelector } from '../../velero/restore.ts'

type Expression = NonNullable<LabelSelector['matchExpressions']>[number]

/**
 * Reads a label selector as text, such as `app=web,!old,tier in (a, b)`: what kubectl takes, but for `<` and `>`. An empty text
 * selects everything. Whether keys and values are valid is not checked here.
 */
export function parseSelectorText(text: string): LabelSelector | { error: string } {
  const matchExpressions: Expression[] = []
  for (const part of partsOf(text)) {
    const expression = parsePart(part)
    if (expression === undefined) return { error: `unable to parse requirement: ${JSON.stringify(part)}` }
    matchExpressions.push(expression)
  }
  return { matchExpressions }
}

/** The requirements: commas in brackets belong to a list of values. */
function partsOf(text: string): string[] {
  const parts: string[] = []
  let [depth, part] = [0, '']
  for (const character of text) {
    if (character === '(') depth++
    if (character === ')') depth--
    if (character === ',' && depth === 0) {
      parts.push(part)
      part = ''
    } else part += character
  }
  if (text.trim() === '') return []
  return [...parts, part].map((one) => one.trim())
}

const key = String.raw`[^\s!=<>(),]+`

function parsePart(part: string): Expression | undefined {
  const exists = new RegExp(`^(!?)\\s*(${key})$`).exec(part)
  if (exists !== null) return { key: exists[2] ?? '', operator: exists[1] === '!' ? 'DoesNotExist' : 'Exists' }
  const equals = new RegExp(`^(${key})\\s*(==|=|!=)\\s*([^\\s!=<>(),]*)$`).exec(part)
  if (equals !== null)
    return { key: equals[1] ?? '', operator: equals[2] === '!=' ? 'NotIn' : 'In', values: [equals[3] ?? ''] }
  const among = new RegExp(`^(${key})\\s+(in|notin)\\s*\\(([^()]*)\\)$`).exec(part)
  if (among === null) return undefined
  const values = (among[3] ?? '').split(',').map((value) => value.trim())
  return { key: among[1] ?? '', operator: among[2] === 'in' ? 'In' : 'NotIn', values }
}
