import { parse } from 'yaml'
import type { ChecksumFileRelease, EnvtestRelease, Platform, Release } from './tools.ts'

/** Where releases are published; tests and mirrors have their own. */
export interface ReleaseSources {
  github: string
  envtestIndex: string
}

export const officialSources: ReleaseSources = {
  github: 'https://github.com',
  envtestIndex: 'https://raw.githubusercontent.com/kubernetes-sigs/controller-tools/HEAD/envtest-releases.yaml',
}

/** An archive that can be checked. */
export interface Archive {
  name: string
  url: string
  algorithm: 'sha256' | 'sha512'
  /** Hex. */
  checksum: string
}

interface Context {
  sources: ReleaseSources
  read: (url: string) => Promise<string>
}

/** Finds a release's archive for this platform and the checksum that its publisher gives. */
export function locateArchive(release: Release, platform: Platform, context: Context): Promise<Archive> {
  switch (release.kind) {
    case 'checksum-file':
      return inChecksumFile(release, platform, context)
    case 'envtest':
      return inEnvtestIndex(release, platform, context)
  }
}

/** The file has one line for each archive: the sum, blanks, the name. */
async function inChecksumFile(
  release: ChecksumFileRelease,
  platform: Platform,
  { sources, read }: Context,
): Promise<Archive> {
  const name = release.archive(platform)
  const page = `${sources.github}/${release.page}`
  const sums = (await read(`${page}/${release.checksums}`)).split('\n').map((line) => line.trim().split(/\s+\*?/))
  const checksum = sums.find(([, file]) => file === name)?.[0]
  if (checksum === undefined) throw new Error(`${release.checksums} has no sum for ${name}`)
  return { name, url: `${page}/${name}`, algorithm: 'sha256', checksum }
}

async function inEnvtestIndex(
  release: EnvtestRelease,
  { os, arch }: Platform,
  { sources, read }: Context,
): Promise<Archive> {
  const { releases } = parse(await read(sources.envtestIndex)) as {
    releases: Record<string, Record<string, { hash: string }>>
  }
  const version = Object.keys(releases)
    .filter((key) => key.startsWith(`${release.minor}.`) && /^v[\d.]+$/.test(key))
    .sort((one, other) => one.localeCompare(other, 'en', { numeric: true }))
    .at(-1)
  const name = `envtest-${version}-${os}-${arch}.tar.gz`
  const checksum = version === undefined ? undefined : releases[version]?.[name]?.hash
  if (checksum === undefined) throw new Error(`there is no archive for ${release.minor} on ${os}/${arch}`)
  const url = `${sources.github}/kubernetes-sigs/controller-tools/releases/download/envtest-${version}/${name}`
  return { name, url, algorithm: 'sha512', checksum }
}
