import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseAst } from 'rolldown/parseAst'

/** `node package/api-reference.ts` writes the page of the library's functions and types, by their own doc comments. */
const root = fileURLToPath(new URL('..', import.meta.url))
const page = join(root, 'docs/api.md')

/** What a program imports, and what it is for. */
const entries = [
  { name: 'velero-drydock/client', file: 'client/api/index.ts', about: 'Starts, watches and steers restores.' },
  {
    name: 'velero-drydock/workflow',
    file: 'contract/restore-request.ts',
    about: 'For workflows of your own, and for who calls them.',
  },
  { name: 'velero-drydock/worker', file: 'worker/index.ts', about: 'Runs a worker inside a program.' },
]

interface Declared {
  name: string
  kind: 'function' | 'type'
  doc: string
  /** TypeScript. */
  text: string
}

/** The page, made of the source. */
export function apiReference(): string {
  const parts = entries.map(({ name, file, about }) => {
    const declared = exportsOf(join(root, file))
    const functions = declared.filter(({ kind }) => kind === 'function')
    const types = declared.filter(({ kind }) => kind === 'type')
    const all = [...functions, ...types].map(section).join('\n')
    return `## \`${name}\`\n\n${about}\n\n${all}`
  })
  return `# The library

Made of the doc comments by \`node package/api-reference.ts\`; a test holds that it is up to date. [client.md](client.md#from-a-program) has an introduction.

${parts.join('\n')}`
}

function section({ name, doc, text }: Declared): string {
  return `### ${name}\n\n${doc}\n\n\`\`\`ts\n${text}\n\`\`\`\n`
}

type Node = ReturnType<typeof parseAst>['body'][number]

/** What a module exports, declared in it or in another one. */
function exportsOf(file: string): Declared[] {
  const source = readFileSync(file, 'utf8')
  return parseAst(source, { lang: 'ts' }).body.flatMap((node: Node) => {
    if (node.type !== 'ExportNamedDeclaration') return []
    const { declaration, specifiers, source: from } = node
    if (declaration !== null && declaration !== undefined) return declare(source, node.start, declaration)
    if (from === null || from === undefined) return []
    const names = specifiers.map(({ exported }) => ('name' in exported ? exported.name : exported.value))
    return exportsOf(join(dirname(file), from.value)).filter(({ name }) => names.includes(name))
  })
}

type Declaration = NonNullable<Extract<Node, { type: 'ExportNamedDeclaration' }>['declaration']>

function declare(source: string, start: number, declaration: Declaration): Declared[] {
  const doc = docBefore(source, start)
  const text = source.slice(declaration.start, declaration.end)
  switch (declaration.type) {
    case 'FunctionDeclaration': {
      const signature = source.slice(declaration.start, declaration.body?.start).trim()
      const plain = signature.replace(/^(?:async )?function\*?/, 'function')
      return [{ name: declaration.id?.name ?? '', kind: 'function', doc, text: plain }]
    }
    case 'ClassDeclaration': {
      const fields = declaration.body.body
        .filter((member) => member.type === 'PropertyDefinition')
        .map((member) => `  ${source.slice(member.start, member.end)}`)
      const head = source.slice(declaration.start, declaration.body.start)
      return [{ name: declaration.id?.name ?? '', kind: 'type', doc, text: `${head}{\n${fields.join('\n')}\n}` }]
    }
    case 'TSInterfaceDeclaration':
    case 'TSTypeAliasDeclaration':
      return [{ name: declaration.id.name, kind: 'type', doc, text }]
    default:
      return []
  }
}

/** The doc comment right before a place, without its stars. */
function docBefore(source: string, start: number): string {
  const before = source.slice(0, start).trimEnd()
  if (!before.endsWith('*/')) return ''
  const comment = before.slice(before.lastIndexOf('/**'))
  return comment
    .replace(/^\/\*\*|\*\/$/g, '')
    .split('\n')
    .map((line) => line.replace(/^\s*\* ?/, '').trim())
    .join('\n')
    .trim()
}

if (import.meta.main) writeFileSync(page, apiReference())
