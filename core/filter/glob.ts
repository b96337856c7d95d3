import { RE2JS } from 're2js'

/** A compiled pattern, or the error in it. */
export type Glob = { readonly matches: (text: string) => boolean } | { error: string }

/** Names have at most 253 characters; the time to match one grows with the length of the pattern. */
const lengthMax = 4096

/**
 * Compiles a glob of the kind that Velero uses (github.com/gobwas/glob). `*` and `?` do not match separators, `**`
 * does. There are `[a-z]`, `[abc]`, `[!…]`, `{one,two}` (may be nested; an open brace is closed by the end of the
 * pattern), and `\` before a literal character. Libraries for shell globs differ in `/`, dot files and brackets. The
 * glob becomes an RE2 expression, which needs linear time, so no pattern can block a worker. Where Velero's library
 * violates its own grammar, we follow the grammar: there `a*a` matches `a`, `?` never matches, and `{}` matches nothing
 * or crashes.
 */
export function compileGlob(pattern: string, separators = ''): Glob {
  if (pattern.length > lengthMax) return { error: `the pattern has more than ${lengthMax} characters` }
  if (!/[*?[\]{}\\]/.test(pattern)) return { matches: (text) => text === pattern }
  const translated = translate(Array.from(pattern), separators)
  if ('error' in translated) return translated
  const expression = RE2JS.compile(translated.source, RE2JS.DOTALL)
  return { matches: (text) => expression.testExact(text) }
}

type Translated = { source: string; next: number } | { error: string }

function translate(chars: readonly string[], separators: string): Translated {
  const single = separators === '' ? '.' : `[^${Array.from(separators, literal).join('')}]`
  let source = ''
  let depth = 0
  let at = 0
  while (at < chars.length) {
    const part = depth > 0 ? alternatives(chars, at) : undefined
    const piece = part ?? translateOne(chars, at, single)
    if ('error' in piece) return piece
    depth += piece.source === '(?:' ? 1 : piece.source === ')' ? -1 : 0
    source += piece.source
    at = piece.next
  }
  return { source: source + ')'.repeat(depth), next: at }
}

/** Inside braces a comma separates alternatives and `}` closes them; elsewhere both are literal. */
function alternatives(chars: readonly string[], at: number): { source: string; next: number } | undefined {
  if (chars[at] === ',') return { source: '|', next: at + 1 }
  if (chars[at] === '}') return { source: ')', next: at + 1 }
  return undefined
}

function translateOne(chars: readonly string[], at: number, single: string): Translated {
  const char = chars[at] ?? ''
  switch (char) {
    case '*':
      return chars[at + 1] === '*' ? { source: '.*', next: at + 2 } : { source: `${single}*`, next: at + 1 }
    case '?':
      return { source: single, next: at + 1 }
    case '{':
      return { source: '(?:', next: at + 1 }
    case '[':
      return translateClass(chars, at + 1)
    case '\\':
      return { source: at + 1 < chars.length ? literal(chars[at + 1] ?? '') : '', next: at + 2 }
    default:
      return { source: literal(char), next: at + 1 }
  }
}

/** Brackets hold one range `[a-z]` or one list `[abc]`, not both. */
function translateClass(chars: readonly string[], open: number): Translated {
  const negated = chars[open] === '!'
  const start = negated ? open + 1 : open
  const content = chars[start + 1] === '-' ? readRange(chars, start) : readList(chars, start)
  if ('error' in content) return content
  return { source: `[${negated ? '^' : ''}${content.source}]`, next: content.next }
}

function readRange(chars: readonly string[], start: number): Translated {
  const [low, , high, close] = chars.slice(start, start + 4)
  if (low === undefined || high === undefined || close === undefined) return { error: 'unexpected end of input' }
  if (close !== ']') return { error: 'expected close range character' }
  if (codePoint(high) < codePoint(low)) {
    return { error: `hi character '${high}' should be greater than lo '${low}'` }
  }
  return { source: `${literal(low)}-${literal(high)}`, next: start + 4 }
}

function readList(chars: readonly string[], start: number): Translated {
  let source = ''
  for (let at = start; at < chars.length; at++) {
    if (chars[at] === ']') {
      return source === '' ? { error: 'could not parse range' } : { source, next: at + 1 }
    }
    if (chars[at] === '\\') at++
    source += at < chars.length ? literal(chars[at] ?? '') : ''
  }
  return { error: 'unexpected end of input' }
}

function literal(char: string): string {
  return `\\x{${codePoint(char).toString(16)}}`
}

function codePoint(char: string): number {
  return char.codePointAt(0) ?? 0
}
