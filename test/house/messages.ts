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
