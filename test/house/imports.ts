import { dirname, join, normalize } from 'node:path'

/** One import or re-export of a module. */
export interface Import {
  /** The specifier as written. */
  from: string
  /** Types alone: nothing is loaded when the program runs. */
  types: boolean
  /** `import()`: loaded when that is reached, not with the module. */
  lazy?: true
}

/** The imports and re-exports of a module, `import()` and `require()` too. Comments are left out. */
export function importsOf(source: string): Import[] {
  const code = withoutComments(source)
  const found: Import[] = []
  const statement = /^\s*(?:import|export)\s+(type\s)?(?:[\w*{][^'";]*?\sfrom\s+)?['"]([^'"]+)['"]/gm
  for (const [, types, from = ''] of code.matchAll(statement)) found.push({ from, types: types !== undefined })
  for (const [, how, from = ''] of code.matchAll(/\b(import|require)\(\s*['"]([^'"]+)['"]/g))
    found.push({ from, types: false, ...(how === 'import' ? { lazy: true } : {}) })
  return found
}

/** What is loaded with some files of the repository: they, the files that they import, and the packages of all these. */
export function loadedWith(
  entries: readonly string[],
  textOf: (file: string) => string,
): { files: string[]; packages: string[] } {
  const files = new Set(entries)
  const packages = new Set<string>()
  // A set hands out what is added to it meanwhile.
  for (const file of files) {
    if (file.endsWith('.json')) continue
    for (const one of importsOf(textOf(file))) {
      if (one.types || one.lazy === true) continue
      const target = targetOf(file, one)
      if (target !== undefined) files.add(target)
      const name = packageOf(one)
      if (name !== undefined) packages.add(name)
    }
  }
  return { files: [...files].toSorted(), packages: [...packages].toSorted() }
}

/** The file of the repository that a relative import names; undefined for packages and Node's own modules. */
export function targetOf(file: string, { from }: Import): string | undefined {
  return from.startsWith('.') ? normalize(join(dirname(file), from)) : undefined
}

/** The package that a specifier names: `@temporalio/client`, `undici`; undefined for files and Node's own modules. */
export function packageOf({ from }: Import): string | undefined {
  if (from.startsWith('.') || from.startsWith('node:')) return undefined
  return from
    .split('/')
    .slice(0, from.startsWith('@') ? 2 : 1)
    .join('/')
}

/** Node's own module that a specifier names, without what follows a slash: `fs` for `node:fs/promises`. */
export function builtinOf({ from }: Import): string | undefined {
  return from.startsWith('node:') ? from.slice('node:'.length).split('/')[0] : undefined
}

function withoutComments(source: string): string {
  return source.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '')
}

/**
 * The import circles among modules: each is a set of two or more files that all reach each other, sorted. Types count:
 * a reader who has to open all of them to understand one does not care whether the program loads them.
 * The algorithm is Tarjan's for strongly connected components.
 */
export function circlesOf(modules: ReadonlyMap<string, readonly string[]>): string[][] {
  const order = new Map<string, number>()
  const open: string[] = []
  const circles: string[][] = []

  function visit(file: string): number {
    const index = order.size
    order.set(file, index)
    open.push(file)
    let low = index
    for (const target of modules.get(file) ?? []) {
      if (!order.has(target)) low = Math.min(low, visit(target))
      else if (open.includes(target)) low = Math.min(low, order.get(target) ?? low)
    }
    if (low === index) {
      const circle = open.splice(open.indexOf(file))
      if (circle.length > 1 || modules.get(file)?.includes(file) === true) circles.push(circle.toSorted())
    }
    return low
  }

  for (const file of modules.keys()) if (!order.has(file)) visit(file)
  return circles.toSorted((a, b) => ((a[0] ?? '') < (b[0] ?? '') ? -1 : 1))
}
