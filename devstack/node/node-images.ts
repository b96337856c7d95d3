import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { realpathSync, statSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Home } from '../home.ts'
import { cachedFolder } from '../tools/cached-folder.ts'
import { tools } from '../tools/tools.ts'
import { mustProgram } from './node-requirements.ts'
import { writeOciArchive, type ImageFile } from './oci-archive.ts'

const run = promisify(execFile)

/** The image of pods of tests: busybox. It holds the namespaces of each pod as well, where a process that sleeps is enough. */
export const boxImage = 'drydock.local/box:1'
/** Server, node agent, data movers and the init containers that wait for volumes. */
export const veleroImage = `docker.io/velero/velero:${tools.velero.version}`

/** The archives of the images that a node has. They are made once, of the programs that the stack and this machine have. */
export async function nodeImages(home: Home): Promise<string[]> {
  const binaries = await Promise.all([home.tool('velero'), home.tool('velero-restore-helper')])
  const box = mustProgram('busybox')
  const dir = await cachedFolder(`node-images-${markOf([box, ...binaries])}`, async (aside) => {
    home.report('the images of the node: packing busybox and Velero, usually a few seconds')
    await writeOciArchive(await boxOf(box), join(aside, 'box.tar'))
    await writeOciArchive(await veleroOf(box, binaries), join(aside, 'velero.tar'))
  })
  return (await readdir(dir)).filter((file) => file.endsWith('.tar')).map((file) => join(dir, file))
}

/** A name for what these files are: other files give other archives. */
function markOf(files: readonly string[]): string {
  const facts = files.map((file) => {
    const { size, mtimeMs } = statSync(file)
    return `${file} ${size} ${mtimeMs}`
  })
  return createHash('sha256').update(facts.join('\n')).digest('hex').slice(0, 8)
}

async function boxOf(box: string) {
  return {
    name: boxImage,
    files: new Map([...base, ...(await boxFiles(box))]),
    config: { Cmd: ['/bin/sleep', '2147483647'], Env: ['PATH=/bin'] },
  }
}

async function veleroOf(box: string, [velero, helper]: readonly string[]) {
  const files = new Map([...base, ...(await boxFiles(box))])
  for (const binary of [velero, helper].filter((one) => one !== undefined))
    for (const library of await librariesOf(binary)) files.set(library.slice(1), { from: realpathSync(library) })
  files.set('velero', { from: velero ?? '' }).set('velero-restore-helper', { from: helper ?? '' })
  return { name: veleroImage, files, config: { Entrypoint: ['/velero'], Env: ['PATH=/bin', 'HOME=/tmp'] } }
}

const base: [string, ImageFile][] = [
  ['bin', { folder: 0o755 }],
  ['etc', { folder: 0o755 }],
  ['tmp', { folder: 0o1777 }],
  ['etc/passwd', { text: 'root:x:0:0:root:/:/bin/sh\n' }],
  ['etc/group', { text: 'root:x:0:\n' }],
]

async function boxFiles(box: string): Promise<[string, ImageFile][]> {
  const { stdout } = await run(box, ['--list'])
  const applets = stdout.split('\n').filter((name) => name !== '' && name !== 'busybox')
  const libraries = await librariesOf(box)
  return [
    ['bin/busybox', { from: realpathSync(box) }],
    ...libraries.map((library): [string, ImageFile] => [library.slice(1), { from: realpathSync(library) }]),
    ...applets.map((name): [string, ImageFile] => [`bin/${name}`, { link: 'busybox' }]),
  ]
}

/** What a binary is linked to on this machine; nothing where it is static, which `ldd` calls an error. */
async function librariesOf(binary: string): Promise<string[]> {
  const { stdout } = await run('ldd', [binary]).catch(() => ({ stdout: '' }))
  return [...new Set(stdout.match(/\/\S+\.so\S*/g) ?? [])]
}
