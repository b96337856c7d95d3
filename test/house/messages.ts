/** A text of the source with `…` in place of what is filled in, and the file that has it. */
export interface FoundMessage {
  text: string
  file: string
}

/**
 * The texts that a file hands to functions of those names, wherever they stand in the arguments: a string, a template, or
 * several joined by `+`. Texts inside of a nested call belong to that one.
 */
export function messagesIn(source: string, file: string, functions: readonly string[]): FoundMessage[] {
  const call = new RegExp(`(?<![\\w.])(?:${functions.join('|')})\\(`, 'g')
  return [...source.matchAll(call)].flatMap((match) =>
    argumentsAt(source, match.index + match[0].length).map((text) => ({ text, file })),
  )
}

/**
 * All texts of a file, wherever they stand, but for those in comments and imports: several joined by `+` are one. For files that
 * hold little else than sentences for users. A regular expression with a quote in it is not understood.
 */
export function allTextsIn(source: string, file: string): FoundMessage[] {
  const bare = source.replaceAll(/^import [^']*'[^']*'$/gm, '')
  const texts: FoundMessage[] = []
  for (let at = 0; at < bare.length; at++) {
    if (bare.startsWith('//', at)) at = endOf(bare, '\n', at)
    else if (bare.startsWith('/*', at)) at = endOf(bare, '*/', at)
    else if (/['"`]/.test(bare[at] ?? '')) {
      const { text, end } = joinedTextAt(bare, at)
      texts.push({ text, file })
      at = end
    }
  }
  return texts
}

/** The texts that follow at once what the expression (global) finds, such as a name and its colon. */
export function textsAfter(source: string, file: string, words: RegExp): FoundMessage[] {
  return [...source.matchAll(words)].flatMap((match) => {
    const from = match.index + match[0].length
    return /['"`]/.test(source[from] ?? '') ? [{ text: joinedTextAt(source, from).text, file }] : []
  })
}

/** The text of the literal that begins there and of those that are joined to it, and where the last one ends. */
function joinedTextAt(source: string, from: number): { text: string; end: number } {
  const { text, end } = textAt(source, from)
  const plus = /^\s*\+\s*(?=['"`])/.exec(source.slice(end + 1))
  if (plus === null) return { text, end }
  const next = joinedTextAt(source, end + 1 + plus[0].length)
  return { text: text + next.text, end: next.end }
}

/** Where the next one of those characters ends; the end of the source where there is none. */
function endOf(source: string, what: string, from: number): number {
  const at = source.indexOf(what, from)
  return at < 0 ? source.length : at + what.length - 1
}

/** The texts among the arguments that begin there, up to the closing parenthesis. */
function argumentsAt(source: string, from: number): string[] {
  const texts: string[] = []
  let joined: string | undefined
  let depth = 0
  for (let at = from; at < source.length && depth >= 0; at++) {
    const char = source[at] ?? ''
    if (char === "'" || char === '"' || char === '`') {
      const { text, end } = textAt(source, at)
      if (depth === 0) joined = (joined ?? '') + text
      at = end
      continue
    }
    if ('([{'.includes(char)) depth++
    if (')]}'.includes(char)) depth--
    const isEnd = depth < 0 || (depth === 0 && ',?:'.includes(char))
    if (isEnd && joined !== undefined) {
      texts.push(joined)
      joined = undefined
    }
  }
  return texts
}

/** The text of the literal that begins there, and where it ends. */
function textAt(source: string, from: number): { text: string; end: number } {
  const quote = source[from] ?? ''
  let text = ''
  for (let at = from + 1; at < source.length; at++) {
    const char = source[at] ?? ''
    if (char === quote) return { text, end: at }
    if (char === '\\') text += source[++at] ?? ''
    else if (quote === '`' && source.startsWith('${', at)) {
      at = endOfFilled(source, at + 2)
      text += '…'
    } else text += char
  }
  throw new Error(`a text has no end: ${source.slice(from, from + 40)}`)
}

/** Where what is filled into a template ends. */
function endOfFilled(source: string, from: number): number {
  let depth = 0
  for (let at = from; at < source.length; at++) {
    const char = source[at] ?? ''
    if (char === "'" || char === '"' || char === '`') at = textAt(source, at).end
    else if (char === '{') depth++
    else if (char === '}' && depth-- === 0) return at
  }
  throw new Error('a template has no end')
}
