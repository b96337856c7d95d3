import { listFiles, textOf } from './source-files.ts'

/** One fenced block of a page. */
export interface DocBlock {
  page: string
  /** Where its fence stands, from 1. */
  line: number
  /** What stands behind the fence; empty where nothing does. */
  language: string
  text: string
  /** Why no test runs it: the mark `<!-- not run: why -->` before the fence. */
  notRun?: string
}

/** The pages that a user follows. */
export function docPages(): string[] {
  return listFiles().filter(
    (file) => file.endsWith('.md') && /^(?:README|CONTRIBUTING|docs\/|examples\/|deploy\/)/.test(file),
  )
}

/** The fenced blocks of a page, in order. Throws where one has no end. */
export function blocksOf(page: string): DocBlock[] {
  const lines = textOf(page).split('\n')
  const blocks: DocBlock[] = []
  for (let at = 0; at < lines.length; at++) {
    const fence = /^\s*```(\w*)\s*$/.exec(lines[at] ?? '')
    if (fence === null) continue
    const end = lines.findIndex((line, index) => index > at && /^\s*```\s*$/.test(line))
    if (end < 0) throw new Error(`${page}:${at + 1}: the block has no end`)
    const notRun = /^<!-- not run: (.+) -->$/.exec(lines[at - 1] || lines[at - 2] || '')?.[1]
    const text = lines.slice(at + 1, end).join('\n')
    blocks.push({ page, line: at + 1, language: fence[1] ?? '', text, ...(notRun === undefined ? {} : { notRun }) })
    at = end
  }
  return blocks
}

/** The pieces of code inside the text of a page: what stands between single backquotes on one line. */
export function codeSpansOf(page: string): string[] {
  const bare = textOf(page).replaceAll(/^\s*```[\s\S]*?^\s*```\s*$/gm, '')
  return [...bare.matchAll(/`([^`\n]+)`/g)].map(([, code = '']) => code.replaceAll('\\|', '|'))
}

/**
 * The commands of a shell text as words: quotes are taken off, comments and redirections left out, lines that end in a
 * backslash joined, and settings of variables before a command dropped. It knows what the pages use, not all of a shell.
 */
export function commandsIn(text: string): string[][] {
  const joined = text.replaceAll(/\\\n\s*/g, ' ')
  const tokens = joined.matchAll(/#[^\n]*|&&|\|\||[;&|\n]|(?:'[^']*'|"[^"]*"|\\.|[^\s'"\\;&|])+/g)
  const commands: string[][] = [[]]
  for (const [token] of tokens) {
    if (token.startsWith('#')) continue
    if (/^(?:&&|\|\||[;&|\n])$/.test(token)) commands.push([])
    else commands.at(-1)?.push(token.replaceAll(/'([^']*)'|"([^"]*)"|\\(.)/g, '$1$2$3'))
  }
  return commands.map(withoutShell).filter((words) => words.length > 0)
}

/** Without variables that are set for it, and without where its output goes. */
function withoutShell(words: readonly string[]): string[] {
  const first = words.findIndex((word) => !/^[A-Z_]+=/.test(word))
  const command = first < 0 ? [] : words.slice(first)
  return command.filter((word, index) => !/^\d?>>?$/.test(word) && !/^\d?>>?$/.test(command[index - 1] ?? ''))
}
