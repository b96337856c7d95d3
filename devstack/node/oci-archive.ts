import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream, statSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { pack, type Pack } from 'tar-stream'

/** What an image holds at a path: a file of this machine, a text, a link, or an empty folder. */
export type ImageFile = { from: string } | { text: string } | { link: string } | { folder: number }

export interface Image {
  /** With its registry, as containerd stores names. */
  name: string
  /** By path, without a slash in front; a folder stands before what is in it. */
  files: ReadonlyMap<string, ImageFile>
  /** `Entrypoint`, `Cmd`, `Env`. */
  config: object
}

/** Writes an image as an OCI archive, which `ctr images import` takes: neither a builder nor a registry is needed. */
export async function writeOciArchive(image: Image, file: string): Promise<void> {
  const layerFile = `${file}.layer`
  try {
    await writeTar(layerFile, image.files)
    const layer = {
      mediaType: `${oci}.layer.v1.tar`,
      digest: await digestOf(layerFile),
      size: statSync(layerFile).size,
    }
    const config = blobOf(`${oci}.config.v1+json`, {
      architecture: process.arch === 'x64' ? 'amd64' : process.arch,
      os: 'linux',
      config: image.config,
      rootfs: { type: 'layers', diff_ids: [layer.digest] },
    })
    const mediaType = `${oci}.manifest.v1+json`
    const manifest = blobOf(mediaType, { schemaVersion: 2, mediaType, config: config.descriptor, layers: [layer] })
    const annotations = { 'io.containerd.image.name': image.name }
    const index = { schemaVersion: 2, manifests: [{ ...manifest.descriptor, annotations }] }
    await writeTar(
      file,
      new Map<string, ImageFile>([
        ['oci-layout', { text: JSON.stringify({ imageLayoutVersion: '1.0.0' }) }],
        ['index.json', { text: JSON.stringify(index) }],
        [blobPath(config.descriptor.digest), { text: config.text }],
        [blobPath(manifest.descriptor.digest), { text: manifest.text }],
        [blobPath(layer.digest), { from: layerFile }],
      ]),
    )
  } finally {
    await rm(layerFile, { force: true })
  }
}

const oci = 'application/vnd.oci.image'
const blobPath = (digest: string): string => `blobs/${digest.replace(':', '/')}`

function blobOf(mediaType: string, value: object) {
  const text = JSON.stringify(value)
  const digest = `sha256:${createHash('sha256').update(text).digest('hex')}`
  return { text, descriptor: { mediaType, digest, size: Buffer.byteLength(text) } }
}

async function digestOf(file: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const part of createReadStream(file)) hash.update(part as Buffer)
  return `sha256:${hash.digest('hex')}`
}

async function writeTar(file: string, files: ReadonlyMap<string, ImageFile>): Promise<void> {
  const tar = pack()
  const writing = pipeline(tar, createWriteStream(file))
  const adding = (async () => {
    for (const [name, what] of files) await add(tar, name, what)
    tar.finalize()
  })()
  await Promise.all([adding, writing])
}

async function add(tar: Pack, name: string, what: ImageFile): Promise<void> {
  const mtime = new Date(0)
  if ('from' in what) {
    const entry = tar.entry({ name, mtime, mode: 0o755, size: statSync(what.from).size })
    await pipeline(createReadStream(what.from), entry)
  } else if ('text' in what) tar.entry({ name, mtime, mode: 0o644 }, what.text)
  else if ('link' in what) tar.entry({ name, mtime, type: 'symlink', linkname: what.link })
  else tar.entry({ name, mtime, type: 'directory', mode: what.folder })
}
