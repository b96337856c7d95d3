import { dirname, join, normalize } from 'node:path'

/** The repository as citations see it. */
export interface Library {
  /** All files, by path from the root. */
  files: ReadonlySet<string>
  /** All folders. */
  folders: ReadonlySet<string>
  textOf: (file: string) => string
}

/** Makes a library of files. */
export function openLibrary(files: readonly string[], textOf: (file: string) => string): Library {
  const folders = files.flatMap((file) => {
    const parts = file.split('/').slice(0, -1)
    return parts.map((_, index) => parts.slice(0, index + 1).join('/'))
  })
  return { files: new Set(files), folders: new Set(folders), textOf }
}

/** Where the rules are, each under a heading `## Rule 7`. */
const rulesPage = 'docs/rules.md'
const decisionsFolder = 'docs/decisions'

/**
 * The citations of a file that lead nowhere, as `<file>: <what is wrong>`: rules and decisions by number, numbers of
 * lists that are not in the repository, names of documents, paths of files, and links of Markdown pages.
 */
export function brokenCitations(file: string, library: Library): string[] {
  const text = library.textOf(file)
  const prose = file.endsWith('.ts') || file.endsWith('.cjs') ? commentsOf(text) : text
  const found = [
    ...numbersOf(text, library),
    ...unknownLists(prose),
    ...documentsOf(file, prose.replace(/\]\([^)]*\)/g, ']'), library),
    ...pathsOf(prose.replace(/\]\([^)]*\)/g, ']'), library),
    ...(file.endsWith('.md') ? linksOf(file, text, library) : []),
  ]
  return [...new Set(found)].map((problem) => `${file}: ${problem}`)
}

/** `rule 7` is a heading of the rules page, `decision 7` a page of the decisions. */
function numbersOf(text: string, { files, textOf }: Library): string[] {
  const isRule = (number: string) => new RegExp(`^## Rule ${number}$`, 'm').test(textOf(rulesPage))
  const isDecision = (number: string) =>
    [...files].some((file) => file.startsWith(`${decisionsFolder}/${number.padStart(4, '0')}-`))
  const cited = /\b(rule|decision)s?(?:[ -]|\n\s*\*\s)(\d+)\b/gi
  return [...text.matchAll(cited)].flatMap(([words, kind = '', number = '']) => {
    const isThere = kind.toLowerCase() === 'rule' ? isRule : isDecision
    return isThere(number) ? [] : [`"${words}" is neither in ${rulesPage} nor in ${decisionsFolder}`]
  })
}

/** A number says nothing where the reader does not have the list. */
function unknownLists(prose: string): string[] {
  const lists = /§ ?\d*|\b(?:quirk|defect) \d+|\brestoreItem, steps? \d+/g
  return [...prose.matchAll(lists)].map(([cited]) => `"${cited}" counts in a list that is not in the repository`)
}

/** Names of documents: `docs/rules.md`, `velero-parity.md`. */
function documentsOf(file: string, prose: string, { files }: Library): string[] {
  const places = [dirname(file), '.', 'docs']
  return [...prose.matchAll(/(?<![\w/.-])(?:[\w-]+\/)*[\w-]+\.md\b/g)].flatMap(([name]) =>
    places.some((place) => files.has(normalize(join(place, name)))) ? [] : [`there is no ${name}`],
  )
}

/** Paths that begin with a folder of the repository: `core/items/ours.ts`, `test/histories`. */
function pathsOf(prose: string, { files, folders }: Library): string[] {
  const paths =
    /(?<![\w/.@:-])([a-z][\w.-]*)\/(?:[\w./-]*[\w-]\.(?:ts|cjs|ya?ml|json|sh|mod)|[\w./-]+\/(?!\w)|[\w./-]+(?=`))/g
  return [...prose.matchAll(paths)].flatMap(([path, top = '']) => {
    const name = path.replace(/\/$/, '')
    if (!folders.has(top) || files.has(name) || folders.has(name)) return []
    return [`there is no ${path}`]
  })
}

/** Links of a Markdown page: to a file or folder, to a heading of it, to a test by its name. */
function linksOf(file: string, text: string, library: Library): string[] {
  const pages = text.replace(/^```[\s\S]*?^```/gm, '').replace(/`[^`\n]*`(?!\])/g, (code) => code.replace(/[[\]]/g, ''))
  return [...pages.matchAll(/\[((?:[^[\]]|\[[^\]]*\])*)\]\(([^)\s]+)\)/g)].flatMap(([, label = '', target = '']) => {
    if (/^[a-z]+:/.test(target)) return []
    const [path = '', heading] = target.split('#')
    const place = path === '' ? file : normalize(join(dirname(file), path)).replace(/\/$/, '')
    const isFile = library.files.has(place)
    if (!isFile && !library.folders.has(place)) return [`the link to ${target} leads to no file`]
    if (heading !== undefined && !(isFile && headingsOf(library.textOf(place)).has(heading)))
      return [`the link to ${target} leads to no heading`]
    const isPath = /^[\w./-]+\.(?:ts|cjs)$/.test(label)
    if (isPath && !`/${place}`.endsWith(`/${label}`)) return [`the link called ${label} leads to ${place}`]
    const namesTest = place.endsWith('.test.ts') && !isPath
    if (namesTest && !library.textOf(place).includes(label)) return [`${place} has no test called "${label}"`]
    return []
  })
}

/** The anchors of a page, as GitHub makes them of its headings. */
function headingsOf(text: string): Set<string> {
  const headings = [...text.matchAll(/^#+ (.+)$/gm)].map((match) => match[1] ?? '')
  return new Set(
    headings.map((heading) =>
      heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  )
}

/** The comments of a program, without their decoration, so that a sentence may run over lines. */
function commentsOf(source: string): string {
  const comments = [...source.matchAll(/\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*$/gm)].map(([comment]) => comment)
  return comments.map((comment) => comment.replace(/^\s*(?:\/\*\*?|\*\/|\*|\/\/)\s?/gm, '')).join('\n')
}
