import { createReadStream, createWriteStream } from 'node:fs'
import { basename } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { extract } from 'tar-stream'

/** Extracts files from a .tar.gz by their base names, each to the given path. Returns the names that it found. */
export async function unpack(archive: string, targets: ReadonlyMap<string, string>): Promise<Set<string>> {
  const found = new Set<string>()
  const entries = extract()
  const reading = pipeline(createReadStream(archive), createGunzip(), entries)
  const taking = async (): Promise<void> => {
    for await (const entry of entries) {
      const target = entry.header.type === 'file' ? targets.get(basename(entry.header.name)) : undefined
      if (target === undefined) {
        entry.resume()
        continue
      }
      await pipeline(entry, createWriteStream(target))
      found.add(basename(entry.header.name))
    }
  }
  await Promise.all([reading, taking()])
  return found
}
