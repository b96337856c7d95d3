import { join, normalize } from 'node:path'

const specifiers = /(from\s+|import\()(['"])(\.[^'"]+)\.ts\2/g

/** The declaration files, by path, that the first ones name directly or through others, themselves included. */
export function reachedFrom(first: readonly string[], read: (file: string) => string): Set<string> {
  const reached = new Set(first)
  for (const file of reached)
    for (const [, , , path = ''] of read(file).matchAll(specifiers))
      reached.add(normalize(join(file, '..', `${path}.d.ts`)))
  return reached
}

/** Declarations whose imports name `x.js`, as those of a published package do, where the source names `x.ts`. */
export function withJavaScriptNames(declarations: string): string {
  return declarations.replace(specifiers, '$1$2$3.js$2')
}
