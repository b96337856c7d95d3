import { readFileSync, readSync } from 'node:fs'
import type { Restore, RestoreSpec } from '../../velero/restore.ts'
import { ClientError, exitCodes, messageOf } from '../api/errors.ts'
import { yaml } from './yaml.ts'

/** Reads the file of `--file`: a Restore without its status and the metadata that the API server sets. */
export function readRestoreFile(path: string): Restore {
  let content: Partial<Restore> | undefined
  try {
    content = readYamlFile(path) as Partial<Restore> | undefined
  } catch (thrown) {
    throw new ClientError(exitCodes.usage, messageOf(thrown), { cause: thrown })
  }
  if (content?.kind !== 'Restore' || content.apiVersion !== 'velero.io/v1')
    throw new ClientError(exitCodes.usage, `${path} holds no Restore of velero.io/v1`)
  const { name, namespace, labels, annotations } = content.metadata ?? {}
  const metadata = { name, namespace, labels, annotations } as Restore['metadata']
  return { apiVersion: 'velero.io/v1', kind: 'Restore', metadata, spec: content.spec ?? {} }
}

type Hooks = NonNullable<RestoreSpec['hooks']>

/**
 * Reads the file of `--hooks-file`: a list of hooks, alone, under `resources`, or under `hooks.resources`. The API server
 * checks the fields of each hook. Throws an error of one line.
 */
export function readHooksFile(path: string): Hooks {
  const content = readYamlFile(path)
  const hooks = isRecord(content) && 'hooks' in content ? content['hooks'] : content
  const resources = isRecord(hooks) ? hooks['resources'] : hooks
  if (Array.isArray(resources) && resources.length > 0 && resources.every(isRecord))
    return { resources: resources as unknown as NonNullable<Hooks['resources']> }
  throw new Error(`${path} holds no hooks: it takes a list of them under "resources"`)
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Reads the file of `--cacert`: certificates as PEM. Throws a `ClientError`. */
export function readCertificates(path: string): string {
  let text: string
  try {
    text = readText(path)
  } catch (thrown) {
    throw new ClientError(exitCodes.usage, messageOf(thrown), { cause: thrown })
  }
  if (text.includes('-----BEGIN CERTIFICATE-----')) return text
  throw new ClientError(exitCodes.usage, `${path} holds no certificate: it takes PEM`)
}

/** The one document of a YAML or JSON file; `-` is standard input. Throws an error of one line. */
function readYamlFile(path: string): unknown {
  const [document, ...others] = yaml().parseAllDocuments(readText(path))
  if (others.length > 0) throw new Error(`${path} has more than one document`)
  if (document === undefined || !('errors' in document)) throw new Error(`${path} is empty`)
  const [problem] = document.errors
  if (problem !== undefined) throw new Error(`${path} is not valid YAML: ${problem.message.split('\n')[0] ?? ''}`)
  return document.toJS({ maxAliasCount: 100 }) as unknown
}

function readText(path: string): string {
  try {
    return path === '-' ? readStandardInput() : readFileSync(path, 'utf8')
  } catch (thrown) {
    const isMissing = (thrown as NodeJS.ErrnoException).code === 'ENOENT'
    throw new Error(isMissing ? `${path} does not exist` : `${path} cannot be read: ${messageOf(thrown)}`, {
      cause: thrown,
    })
  }
}

/** All of standard input. Where that is a socket without data yet, reading fails with EAGAIN and is tried again. */
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
