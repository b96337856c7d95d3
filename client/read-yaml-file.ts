import { readFileSync } from 'node:fs'
import { parseAllDocuments } from 'yaml'

/** Reads the one document of a YAML or JSON file; `-` is standard input. Throws an error of one line. */
export function readYamlFile(path: string): unknown {
  const [document, ...others] = parseAllDocuments(readText(path))
  if (others.length > 0) throw new Error(`${path} has more than one document`)
  if (document === undefined || !('errors' in document)) throw new Error(`${path} is empty`)
  const [problem] = document.errors
  if (problem !== undefined) throw new Error(`${path} is no YAML: ${problem.message.split('\n')[0] ?? ''}`)
  return document.toJS({ maxAliasCount: 100 }) as unknown
}

function readText(path: string): string {
  try {
    return readFileSync(path === '-' ? 0 : path, 'utf8')
  } catch (thrown) {
    throw new Error(`${path} cannot be read: ${thrown instanceof Error ? thrown.message : String(thrown)}`, {
      cause: thrown,
    })
  }
}
