import { readFileSync, readSync } from 'node:fs'
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
    return path === '-' ? readStandardInput() : readFileSync(path, 'utf8')
  } catch (thrown) {
    throw new Error(`${path} cannot be read: ${thrown instanceof Error ? thrown.message : String(thrown)}`, {
      cause: thrown,
    })
  }
}

/** All of standard input. Where it is a socket that has nothing yet (a parent that is Node), reading it says EAGAIN: it is asked again. */
function readStandardInput(): string {
  const pieces: Buffer[] = []
  for (;;) {
    const piece = Buffer.alloc(64 * 1024)
    try {
      const length = readSync(0, piece)
      if (length === 0) return Buffer.concat(pieces).toString('utf8')
      pieces.push(piece.subarray(0, length))
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code !== 'EAGAIN') throw thrown
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20)
    }
  }
}
