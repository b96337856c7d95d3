import { pack, type Header } from 'tar-stream'
import { gzipSync } from 'node:zlib'

export type TarPart = Partial<Header> & { name: string; text?: string | Buffer }

/** A tar of these entries, in this order. */
export async function aTar(parts: readonly TarPart[]): Promise<Buffer> {
  const tar = pack()
  const chunks: Buffer[] = []
  tar.on('data', (chunk) => chunks.push(chunk as Buffer))
  const done = new Promise<void>((resolve, reject) => tar.on('end', () => resolve()).on('error', reject))
  for (const { text = '', ...header } of parts) {
    const isFile = header.type === undefined || header.type === 'file'
    if (isFile) tar.entry(header, text)
    else tar.entry(header)
  }
  tar.finalize()
  await done
  return Buffer.concat(chunks)
}

/** A backup's tarball of these entries. */
export async function aTarball(parts: readonly TarPart[]): Promise<Buffer> {
  return gzipSync(await aTar(parts))
}

/** The file of an item. */
export function anItem(path: string, text = `{"path":${JSON.stringify(path)}}`): TarPart {
  return { name: `resources/${path}.json`, text }
}
