import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { obtainTool, withBuildLock } from '../../../devstack/tools/obtain-tool.ts'
import { tools } from '../../../devstack/tools/tools.ts'
import { waitUntil } from '../../kit/wait-until.ts'

const progress = { report: () => {}, signal: new AbortController().signal }
let dir: string
let path: string
let cache: string

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'drydock-tools-'))
  path = join(dir, 'path')
  cache = join(dir, 'cache')
  mkdirSync(path)
  vi.stubEnv('DRYDOCK_CACHE_DIR', cache)
  vi.stubEnv('DRYDOCK_RELEASES', 'off')
  vi.stubEnv('PATH', path)
})

afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(dir, { recursive: true })
})

describe('getting a tool', () => {
  it('takes the binary of the environment variable before all others', async () => {
    const own = aProgram(join(dir, 'my-etcd'), 'echo whatever')
    vi.stubEnv('DRYDOCK_ETCD_BIN', own)
    aProgram(join(path, 'etcd'), 'echo etcd Version: 3.6.8')
    inCache('etcd')
    expect(await obtainTool('etcd', progress)).toBe(own)
  })

  it('takes the binary on PATH before the one in the cache', async () => {
    const onPath = aProgram(join(path, 'etcd'), 'echo etcd Version: 3.6.8')
    inCache('etcd')
    expect(await obtainTool('etcd', progress)).toBe(onPath)
  })

  it('leaves a binary on PATH that is of another version', async () => {
    aProgram(join(path, 'kube-apiserver'), 'echo Kubernetes v1.29.0')
    const cached = inCache('kube-apiserver')
    expect(await obtainTool('kube-apiserver', progress)).toBe(cached)
  })

  it('does not take an older version from the cache', async () => {
    mkdirSync(join(cache, 'etcd-v3.5.0'), { recursive: true })
    aProgram(join(cache, 'etcd-v3.5.0', 'etcd'), 'true')
    await expect(obtainTool('etcd', progress)).rejects.toThrow('etcd v3.6.8 is not available')
  })

  it('builds with Go what nothing else gives, and finds it in the cache from then on', async () => {
    aFakeGo('printf "#!/bin/sh\\n" > "$out"; chmod +x "$out"')
    const told: string[] = []
    const built = await obtainTool('etcd', { ...progress, report: (line) => told.push(line) })
    expect(built).toBe(join(cache, 'etcd-v3.6.8', 'etcd'))
    expect(told).toEqual(['etcd: building v3.6.8 with Go, usually 14 s on two processors'])
    rmSync(join(path, 'go'))
    expect(await obtainTool('etcd', progress)).toBe(built)
    expect(readdirSync(join(cache, 'etcd-v3.6.8'))).toEqual(['etcd'])
  })

  it('builds once for two who ask at the same time', async () => {
    aFakeGo(`echo built >> ${dir}/builds; printf "#!/bin/sh\\n" > "$out"; chmod +x "$out"`)
    await Promise.all([obtainTool('etcd', progress), obtainTool('etcd', progress)])
    expect(readFileSync(join(dir, 'builds'), 'utf8')).toBe('built\n')
  })

  it('says which tool is missing, what was tried and what to do', async () => {
    aProgram(join(path, 'etcd'), 'echo etcd Version: 2.0.0')
    aFakeGo('echo no such module >&2; exit 1')
    const error = (await obtainTool('etcd', progress).catch((thrown: unknown) => thrown)) as Error
    const lines = error.message.split('\n')
    expect(lines[0]).toBe('etcd v3.6.8 is not available. Tried:')
    expect(error.message).toContain('environment: not found')
    expect(error.message).toContain('PATH: ' + join(path, 'etcd') + ' has another version (etcd Version: 2.0.0)')
    expect(error.message).toContain('official release: switched off by DRYDOCK_RELEASES')
    expect(error.message).toContain('no such module')
    expect(lines.at(-1)).toContain('Set DRYDOCK_ETCD_BIN to a binary')
  })

  it('says so where there is no Go', async () => {
    await expect(obtainTool('kwok', progress)).rejects.toThrow('build with Go: there is no `go` on PATH')
  })

  it('ends the build when it is interrupted', async () => {
    aFakeGo(`touch ${dir}/begun; exec sleep 300`)
    const interrupt = new AbortController()
    const obtaining = expect(obtainTool('etcd', { ...progress, signal: interrupt.signal })).rejects.toThrow(
      'interrupted',
    )
    await waitUntil(() => existsSync(join(dir, 'begun')), 60_000, 'the build to begin')
    interrupt.abort(new Error('interrupted'))
    await obtaining
    expect(readdirSync(join(cache, 'etcd-v3.6.8'))).toEqual([])
  })
})

describe('the lock around a build', () => {
  it('counts for nothing once its holder is dead', async () => {
    mkdirSync(join(cache, 'bin'), { recursive: true })
    writeFileSync(
      join(cache, 'bin', 'etcd-v3.6.8.lock'),
      JSON.stringify({ pid: process.pid, startedAt: 'another life' }),
    )
    expect(await withBuildLock(tools.etcd, progress, () => Promise.resolve('went on'))).toBe('went on')
  })
})

function aProgram(file: string, script: string): string {
  writeFileSync(file, `#!/bin/sh\n${script}\n`)
  chmodSync(file, 0o755)
  return file
}

/** A `go` that knows its version and does as told with the file that it should write. */
function aFakeGo(build: string): void {
  const script = `PATH=/usr/bin:/bin\n[ "$1" = version ] && exit 0\nwhile [ $# -gt 0 ]; do [ "$1" = -o ] && out=$2; shift; done\n${build}`
  aProgram(join(path, 'go'), script)
}

function inCache(name: 'etcd' | 'kube-apiserver'): string {
  const folder = join(cache, `${name}-${tools[name].version}`)
  mkdirSync(folder, { recursive: true })
  return aProgram(join(folder, name), 'true')
}
