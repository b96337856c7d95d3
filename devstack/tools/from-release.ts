import { access, chmod, mkdir, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { cachedPath } from './cache-dir.ts'
import { download, readText } from './download.ts'
import { locateArchive, officialSources, type ReleaseSources } from './locate-archive.ts'
import { tools, type Platform, type Progress, type Tool } from './tools.ts'
import { unpack } from './unpack.ts'

/**
 * Fetches a tool's official release into the cache and checks the published checksum. Other tools of the stack that
 * are in the same archive are stored too.
 */
export async function fromRelease(
  tool: Tool,
  progress: Progress,
  sources: ReleaseSources = officialSources,
): Promise<string | undefined> {
  const platform = thisPlatform()
  if (tool.release === undefined || platform === undefined) return undefined
  if (process.env['DRYDOCK_RELEASES'] === 'off') throw new Error('switched off by DRYDOCK_RELEASES')
  const { signal } = progress
  const archive = await locateArchive(tool.release, platform, { sources, read: (url) => readText(url, signal) })
  progress.report(`${tool.name}: fetching ${archive.name} from ${new URL(archive.url).host}, usually under a minute`)
  const target = cachedPath(tool)
  const file = `${target}.download`
  await mkdir(dirname(target), { recursive: true })
  try {
    await download(archive, file, signal)
    await takeOut(file, tool)
    return target
  } finally {
    await rm(file, { force: true })
  }
}

/** Each file is written under another name and then renamed, so the cache never holds an incomplete binary. */
async function takeOut(archive: string, wanted: Tool): Promise<void> {
  const inside = Object.values(tools).filter((tool) => tool.name === wanted.name || sharesArchive(tool, wanted))
  const asides = new Map(inside.map((tool) => [tool.name as string, `${cachedPath(tool)}.unpacked`]))
  for (const aside of asides.values()) await mkdir(dirname(aside), { recursive: true })
  const found = await unpack(archive, asides)
  if (!found.has(wanted.name)) throw new Error(`the archive holds no file named ${wanted.name}`)
  for (const tool of inside.filter(({ name }) => found.has(name))) {
    const aside = `${cachedPath(tool)}.unpacked`
    await chmod(aside, 0o755)
    if (tool.name === wanted.name || !(await exists(cachedPath(tool)))) await rename(aside, cachedPath(tool))
    else await rm(aside)
  }
}

const sharesArchive = (tool: Tool, wanted: Tool): boolean =>
  tool.release?.kind === 'envtest' && wanted.release?.kind === 'envtest'

function thisPlatform(): Platform | undefined {
  const os = process.platform
  const arch = process.arch === 'x64' ? 'amd64' : process.arch
  if ((os !== 'linux' && os !== 'darwin') || (arch !== 'amd64' && arch !== 'arm64')) return undefined
  return { os, arch }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
