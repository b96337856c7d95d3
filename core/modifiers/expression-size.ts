/**
 * About how many instructions an RE2 expression compiles to: time and memory to compile it, and the time to match one
 * character, grow with this number. A counted repetition counts as often as it repeats, also within others. Text that is
 * no valid expression has some number too.
 */
export function expressionSize(source: string): number {
  const sizes: Open[] = [{ total: 0, last: 0 }]
  for (let at = 0; at < source.length;) {
    const open = sizes.at(-1) ?? { total: 0, last: 0 }
    const counted = source[at] === '{' ? readCount(source, at) : undefined
    if (counted !== undefined) {
      open.total += open.last * (counted.times - 1)
      open.last *= counted.times
      at = counted.next
    } else if (source[at] === '(') {
      sizes.push({ total: 1, last: 1 })
      at++
    } else if (source[at] === ')' && sizes.length > 1) {
      sizes.pop()
      add(sizes.at(-1) ?? open, open.total)
      at++
    } else {
      const next = endOfAtom(source, at)
      add(open, source[at] === '\\' && /[pP]/.test(source[at + 1] ?? '') ? classSize : next - at)
      at = next
    }
    if (open.total > sizeMax) return sizeMax
  }
  return sizes.reduce((sum, { total }) => sum + total, 0)
}

/** A group that is not closed yet: its size so far, and that of its last part, which a repetition repeats. */
interface Open {
  total: number
  last: number
}

/** A class of Unicode, such as `\pL`, has hundreds of ranges. */
const classSize = 100

const sizeMax = 1e9

function add(open: Open, size: number): void {
  open.total += size
  open.last = size
}

/** The count in `{3}`, `{3,}` or `{3,5}`. */
function readCount(source: string, at: number): { times: number; next: number } | undefined {
  const [whole, least, most] = /^\{(\d{1,6})(?:,(\d{0,6}))?\}/.exec(source.slice(at, at + 16)) ?? []
  if (whole === undefined) return undefined
  return { times: Math.max(1, Number(least), Number(most ?? 0)), next: at + whole.length }
}

function endOfAtom(source: string, at: number): number {
  if (source[at] === '\\') return at + (/^\\[pP](?:\{[^}]{0,40}\}|.)/.exec(source.slice(at, at + 48))?.[0].length ?? 2)
  if (source[at] !== '[') return at + 1
  for (let end = at + 1; end < source.length; end += source[end] === '\\' ? 2 : 1)
    if (source[end] === ']' && end > at + 1) return end + 1
  return source.length
}
