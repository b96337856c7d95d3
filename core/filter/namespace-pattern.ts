/** What is wrong with a pattern for namespaces in a filter policy, in Velero's words; undefined where nothing is. */
export function namespacePatternFault(pattern: string): string | undefined {
  if (/[|()!{},]/.test(pattern)) return 'wildcard pattern contains unsupported characters: |, (, ), !, {, }, ,'
  if (pattern.includes('**')) return 'wildcard pattern contains consecutive asterisks (only single * allowed)'
  return bracketFault(pattern)
}

function bracketFault(pattern: string): string | undefined {
  let at = 0
  while (at < pattern.length) {
    const char = pattern[at]
    if (char === ']') return "wildcard pattern contains unmatched closing bracket ']'"
    if (char !== '[') {
      at++
      continue
    }
    const close = pattern.indexOf(']', at)
    if (close < 0) return "wildcard pattern contains unclosed bracket '['"
    if (close === at + 1) return "wildcard pattern contains empty bracket pattern '[]'"
    at = close + 1
  }
  return undefined
}
