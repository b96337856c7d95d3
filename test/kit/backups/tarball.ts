import { buffer } from 'node:stream/consumers'
import { gzipSync } from 'node:zlib'
import { pack } from 'tar-stream'

/** A gzipped tarball with these files, in their order. */
export async function tarball(
  files: { name: string; text?: string; type?: 'file' | 'symlink'; linkname?: string }[],
): Promise<Buffer> {
  const tar = pack()
  for (const { name, text = '', type = 'file', linkname } of files)
    tar.entry({ name, type, ...(linkname ? { linkname } : {}) }, text)
  tar.finalize()
  return gzipSync(await buffer(tar))
}

/** A ConfigMap of namespace `bad` as an item of a backup. */
export const configMap = (name: string, data: object = {}) =>
  JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'bad' }, data })
/** Where a ConfigMap of namespace `bad` stands in an archive. */
export const path = (name: string) => `resources/configmaps/namespaces/bad/${name}.json`
