import { createHash } from 'node:crypto'
import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { pack } from 'tar-stream'
import { buffer } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { stringify } from 'yaml'
import { freePort } from '../../../devstack/processes/free-ports.ts'
import { fromRelease } from '../../../devstack/tools/from-release.ts'
import { locateArchive } from '../../../devstack/tools/locate-archive.ts'
import { tools, type Platform } from '../../../devstack/tools/tools.ts'

const run = promisify(execFile)
const lines: string[] = []
const progress = { report: (line: string) => lines.push(line), signal: new AbortController().signal }
const platform = { os: process.platform, arch: process.arch === 'x64' ? 'amd64' : process.arch } as Platform

let cache: string
let site: Site

beforeEach(async () => {
  cache = mkdtempSync(join(tmpdir(), 'drydock-cache-'))
  vi.stubEnv('DRYDOCK_CACHE_DIR', cache)
  vi.stubEnv('DRYDOCK_RELEASES', '')
  site = await serve()
  lines.length = 0
})

afterEach(() => {
  vi.unstubAllEnvs()
  site.server.close()
  rmSync(cache, { recursive: true })
})

describe('fetching an official release', () => {
  it('puts a binary that runs into the cache when its checksum is the published one', async () => {
    const archive = await anArchive({
      'temporal/temporal': '#!/bin/sh\necho it runs\n',
      'temporal/LICENSE': 'a licence',
    })
    publish('temporal', archive)
    const path = await fromRelease(tools.temporal, progress, site.sources)
    expect(path).toBe(join(cache, 'temporal-v1.5.1', 'temporal'))
    expect((await run(path!)).stdout).toBe('it runs\n')
    expect(inCache()).toEqual(['temporal-v1.5.1/temporal'])
    expect(lines).toEqual([expect.stringContaining('temporal: fetching temporal_cli_1.5.1_')])
  })

  it('refuses an archive whose checksum is not the published one and leaves nothing', async () => {
    publish('temporal', await anArchive({ temporal: 'genuine' }), 'a'.repeat(64))
    await expect(fromRelease(tools.temporal, progress, site.sources)).rejects.toThrow('is not what was published')
    expect(inCache()).toEqual([])
  })

  it('refuses an archive for which no checksum is published', async () => {
    site.files.set(`/${page('temporal')}/checksums.txt`, 'abc  another.tar.gz\n')
    await expect(fromRelease(tools.temporal, progress, site.sources)).rejects.toThrow(
      'checksums.txt has no sum for temporal_cli',
    )
  })

  it('names the page that is not there', async () => {
    await expect(fromRelease(tools.versitygw, progress, site.sources)).rejects.toThrow(/checksums\.txt answers 404/)
  })

  it('follows the redirect of a release page', async () => {
    const archive = await anArchive({ versitygw: 'gateway' })
    publish('versitygw', archive)
    site.redirects.set(`/${page('versitygw')}/${nameOf('versitygw')}`, '/elsewhere')
    site.files.set('/elsewhere', archive)
    expect(existsSync((await fromRelease(tools.versitygw, progress, site.sources))!)).toBe(true)
  })

  it('says that the network is not there, and the second tool does not ask again', async () => {
    const nobody = `http://127.0.0.1:${await freePort()}`
    const sources = { github: nobody, envtestIndex: `${nobody}/index.yaml` }
    await expect(fromRelease(tools.temporal, progress, sources)).rejects.toThrow(
      `${nobody} cannot be reached (ECONNREFUSED)`,
    )
    const late = createServer((_, answer) => answer.end())
    await new Promise<void>((done) => late.listen(Number(new URL(nobody).port), '127.0.0.1', done))
    await expect(fromRelease(tools.versitygw, progress, sources)).rejects.toThrow('cannot be reached')
    late.close()
  })

  it('takes etcd and kube-apiserver out of the newest archive of their minor version', async () => {
    const archive = await anArchive({
      'controller-tools/envtest/etcd': 'e',
      'controller-tools/envtest/kube-apiserver': 'k',
    })
    const name = `envtest-v1.36.10-${platform.os}-${platform.arch}.tar.gz`
    const hash = createHash('sha512').update(archive).digest('hex')
    const older = `envtest-v1.36.2-${platform.os}-${platform.arch}.tar.gz`
    site.files.set(
      '/index.yaml',
      stringify({
        releases: { 'v1.36.10': { [name]: { hash } }, 'v1.36.2': { [older]: { hash: '0' } }, 'v1.37.0': {} },
      }),
    )
    site.files.set(`/kubernetes-sigs/controller-tools/releases/download/envtest-v1.36.10/${name}`, archive)
    await fromRelease(tools.etcd, progress, site.sources)
    expect(inCache()).toEqual(['etcd-v3.6.8/etcd', 'kube-apiserver-v1.36.3/kube-apiserver'])
  })

  it('does not apply to a tool that is not released', async () => {
    expect(await fromRelease(tools.kwok, progress, site.sources)).toBeUndefined()
  })

  it('is left out where the user says so', async () => {
    vi.stubEnv('DRYDOCK_RELEASES', 'off')
    await expect(fromRelease(tools.temporal, progress, site.sources)).rejects.toThrow('switched off')
  })
})

describe('the name of an archive', () => {
  it.each([
    [{ os: 'linux', arch: 'amd64' }, 'temporal_cli_1.5.1_linux_amd64.tar.gz', 'versitygw_v1.8.0_Linux_x86_64.tar.gz'],
    [{ os: 'linux', arch: 'arm64' }, 'temporal_cli_1.5.1_linux_arm64.tar.gz', 'versitygw_v1.8.0_Linux_arm64.tar.gz'],
    [
      { os: 'darwin', arch: 'amd64' },
      'temporal_cli_1.5.1_darwin_amd64.tar.gz',
      'versitygw_v1.8.0_Darwin_x86_64.tar.gz',
    ],
    [{ os: 'darwin', arch: 'arm64' }, 'temporal_cli_1.5.1_darwin_arm64.tar.gz', 'versitygw_v1.8.0_Darwin_arm64.tar.gz'],
  ] as const)('is the publisher’s own on %o', async (on, temporal, versitygw) => {
    const read = () => Promise.resolve(`aa  ${temporal}\nbb *${versitygw}\n`)
    const context = { sources: site.sources, read }
    expect(await locateArchive(tools.temporal.release!, on, context)).toMatchObject({ name: temporal, checksum: 'aa' })
    expect(await locateArchive(tools.versitygw.release!, on, context)).toMatchObject({
      name: versitygw,
      checksum: 'bb',
    })
  })
})

/** The files of the cache. */
function inCache(): string[] {
  const entries = readdirSync(cache, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(cache, join(entry.parentPath, entry.name)))
    .sort()
}

interface Site {
  server: Server
  sources: { github: string; envtestIndex: string }
  files: Map<string, Buffer | string>
  redirects: Map<string, string>
}

/** A release page of our own: what is not put there is a 404. */
async function serve(): Promise<Site> {
  const files = new Map<string, Buffer | string>()
  const redirects = new Map<string, string>()
  const server = createServer((request, answer) => {
    const target = redirects.get(request.url!)
    const file = files.get(request.url!)
    if (target !== undefined) answer.writeHead(302, { location: target }).end()
    else if (file !== undefined) answer.end(file)
    else answer.writeHead(404).end('not here')
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const github = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { server, sources: { github, envtestIndex: `${github}/index.yaml` }, files, redirects }
}

function publish(
  tool: 'temporal' | 'versitygw',
  archive: Buffer,
  sum = createHash('sha256').update(archive).digest('hex'),
): void {
  site.files.set(`/${page(tool)}/checksums.txt`, `${sum}  ${nameOf(tool)}\n`)
  site.files.set(`/${page(tool)}/${nameOf(tool)}`, archive)
}

function page(tool: 'temporal' | 'versitygw'): string {
  const release = tools[tool].release!
  return release.kind === 'checksum-file' ? release.page : ''
}

function nameOf(tool: 'temporal' | 'versitygw'): string {
  const release = tools[tool].release!
  return release.kind === 'checksum-file' ? release.archive(platform) : ''
}

async function anArchive(files: Record<string, string>): Promise<Buffer> {
  const archive = pack()
  for (const [name, content] of Object.entries(files)) archive.entry({ name, mode: 0o755 }, content)
  archive.finalize()
  return gzipSync(await buffer(archive))
}
