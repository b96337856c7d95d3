import type { Dice } from './chance.ts'

/** Pieces of text that parsers trip over. */
const pieces = [
  [
    '{',
    '}',
    '[',
    ']',
    '"',
    "'",
    ':',
    ',',
    '\n',
    '\t',
    '  ',
    '- ',
    '# ',
    '&a ',
    '*a',
    '<<: *a',
    '!!str ',
    '---\n',
    '|\n',
    '>\n',
  ],
  ['null', 'true', '~', '0', '-1', '1e999', '-0', '0x1F', '0o17', '.inf', '.nan', '12345678901234567890', '2001-01-01'],
  [
    '""',
    '{}',
    '[]',
    '*',
    '?',
    '[!',
    '**',
    '../',
    '/',
    '~1',
    '~0',
    '/-',
    '\\',
    '\\u0000',
    '\\ud800',
    '\u0000',
    '\ufeff',
    '\u2028',
    '😀',
  ],
  [
    '(a+)+$',
    '(?=a)',
    '[[:alpha:]]',
    '(',
    '.*.*.*',
    'a{1000}',
    '__proto__',
    'constructor',
    'toString',
    'v1',
    'kind',
    'metadata',
    'namespace',
  ],
].flat()

/** Changes a text in up to three places: pieces are left out, doubled, moved, repeated or put in. */
export function mutateText(text: string, dice: Dice): string {
  let changed = text
  for (let times = dice.below(3); times >= 0; times--) changed = once(changed, dice)
  return changed.slice(0, 64 * 1024)
}

function once(text: string, dice: Dice): string {
  const from = dice.below(text.length + 1)
  const to = Math.min(text.length, from + 1 + dice.below(24))
  const [before, part, after] = [text.slice(0, from), text.slice(from, to), text.slice(to)]
  switch (dice.below(12)) {
    case 0:
      return before + after
    case 1:
      return before + part + part + after
    case 2:
      return before + part.repeat(1 + dice.below(60)) + after
    case 3:
      return before
    case 4:
      return after + before
    case 5:
      return before + dice.oneOf(pieces).repeat(1 + dice.below(200)) + after
    case 6:
    case 7:
      return before + dice.oneOf(pieces) + text.slice(from + dice.below(4))
    default:
      return withOtherWord(text, from, dice)
  }
}

/** Puts something else in place of a word or a number, so that the text mostly keeps its form. */
function withOtherWord(text: string, from: number, dice: Dice): string {
  const [word] = /[\w./-]+/.exec(text.slice(from)) ?? []
  if (word === undefined) return text
  const at = text.indexOf(word, from)
  return text.slice(0, at) + dice.oneOf([...pieces, word + word, word.slice(1)]) + text.slice(at + word.length)
}

/** Changes bytes in up to six places; most of them stay. */
export function mutateBytes(bytes: Buffer, dice: Dice): Buffer {
  let changed = Buffer.from(bytes)
  for (let times = dice.below(7); times >= 0; times--) {
    const at = dice.below(Math.max(1, changed.length))
    const end = Math.min(changed.length, at + 1 + dice.below(64))
    const kind = dice.below(6)
    if (kind === 0) changed = changed.subarray(0, at)
    else if (kind === 1) changed = Buffer.concat([changed.subarray(0, at), changed.subarray(end)])
    else if (kind === 2) changed = Buffer.concat([changed.subarray(0, end), changed.subarray(at)])
    else if (kind === 3) changed.fill(dice.below(256), at, end)
    else if (changed.length > 0) changed[at] = dice.oneOf([0, 1, 0x7f, 0x80, 0xff, dice.below(256)])
  }
  return changed
}

/** Fields without which the API server refuses a Restore. */
const required = new Set(['kind', 'name', 'key', 'operator', 'command', 'image', 'resources'])

/** Changes values of a JSON value at random, as far as a schema of texts, lists and maps lets them through. */
export function mutateValues(value: unknown, dice: Dice): unknown {
  if (typeof value === 'string') return dice.below(4) === 0 ? mutateText(value, dice) : value
  if (Array.isArray(value)) {
    const parts = value.map((part) => mutateValues(part, dice))
    if (dice.below(6) === 0) return []
    return dice.below(6) === 0 ? [...parts, ...parts] : parts
  }
  if (typeof value !== 'object' || value === null) return value
  const kept = Object.entries(value).filter(([key]) => required.has(key) || dice.below(8) > 0)
  return Object.fromEntries(kept.map(([key, part]) => [key, mutateValues(part, dice)]))
}
