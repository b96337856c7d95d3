import { readFileSync, statSync } from 'node:fs'

/** A key for payloads, and the name that stands beside what it has encrypted. */
export interface CodecKey {
  id: string
  /** 32 bytes. */
  secret: Buffer
}

/** The keys of a file, as it stands now. */
export interface KeyRing {
  /** The key that encrypts: the first one. */
  current(): CodecKey
  /** The key of that name. A name that is unknown has the file read again, if that was changed. */
  find(id: string): CodecKey | undefined
}

/** Why a file of keys cannot be used. The message holds nothing of a key. */
export class CodecKeyError extends Error {}

const keyBytes = 32

/**
 * Reads the keys of a text: a line for each, a name and 32 bytes in base64, the newest first. Empty lines and lines that begin with
 * `#` do not count. Throws a `CodecKeyError` that names the line.
 */
export function parseKeys(text: string): CodecKey[] {
  const keys: CodecKey[] = []
  for (const [index, line] of text.split('\n').entries()) {
    if (/^\s*(#|$)/.test(line)) continue
    const [, id, base64 = ''] = /^\s*([\w.-]{1,64})\s+([A-Za-z0-9+/]+={0,2})\s*$/.exec(line) ?? []
    const secret = Buffer.from(base64, 'base64')
    if (id === undefined || secret.length !== keyBytes)
      throw new CodecKeyError(`line ${index + 1} is not a name and ${keyBytes} bytes in base64`)
    if (keys.some((key) => key.id === id)) throw new CodecKeyError(`line ${index + 1} names "${id}" again`)
    keys.push({ id, secret })
  }
  if (keys.length === 0) throw new CodecKeyError('there is no key in it')
  return keys
}

/** Reads a file of keys, see {@link parseKeys}. Throws a `CodecKeyError` that names the file. */
export function openKeys(file: string): KeyRing {
  let { keys, changed } = readKeys(file)
  const readAgain = () => {
    try {
      if (statSync(file).mtimeMs === changed) return
      ;({ keys, changed } = readKeys(file))
    } catch {
      // What is known still counts: the file may be half written.
    }
  }
  const byId = (id: string) => keys.find((key) => key.id === id)
  return {
    current: () => keys[0] as CodecKey,
    find: (id) => {
      if (byId(id) === undefined) readAgain()
      return byId(id)
    },
  }
}

function readKeys(file: string): { keys: CodecKey[]; changed: number } {
  try {
    return { changed: statSync(file).mtimeMs, keys: parseKeys(readFileSync(file, 'utf8')) }
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message : String(thrown)
    throw new CodecKeyError(`the keys of ${file} (DRYDOCK_CODEC_KEYS_FILE) cannot be used: ${why}`, { cause: thrown })
  }
}
