import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))
const suite = 'bookworm'
const base = `localhost/drydock-test-base:${suite}-node-${process.versions.node}`

/** What the test builds. */
export const image = 'localhost/drydock-worker:test'

/** `crun` fails on machines whose root may not raise its limits; `runc` runs where they are lowered. */
export const engineOptions = ['--runtime', 'runc', '--ulimit', 'nofile=1024:1024', '--ulimit', 'nproc=4096:4096']

/**
 * Builds the `Dockerfile` of this checkout as {@link image}. No registry of images is used: the base is a Debian made by debootstrap
 * with the Node that runs this and the npm of this machine, kept for the next time, as are the layers. The first time takes four minutes. Throws
 * where a program is missing or the user is not root, naming what to do.
 */
export function buildImage(): void {
  requirePrograms()
  if (spawnSync('podman', ['image', 'exists', base]).status !== 0) makeBase()
  const npmCache = execFileSync('npm', ['config', 'get', 'cache'], { encoding: 'utf8' }).trim()
  const volume = ['--volume', `${npmCache}:/root/.npm`]
  const options = [...engineOptions, '--network', 'host', '--pull-never', ...volume, '--build-arg', `BASE=${base}`]
  // Only Docker's format knows a health check.
  run('buildah', ['bud', '--layers', '--format', 'docker', ...options, '--tag', image, root])
}

function requirePrograms(): void {
  if (process.getuid?.() !== 0) throw new Error('only root can build a root file system and run it: use sudo')
  const isMissing = (program: string) => spawnSync('sh', ['-c', `command -v ${program}`]).status !== 0
  const missing = ['podman', 'buildah', 'runc', 'debootstrap'].filter(isMissing)
  if (missing.length === 0) return
  const install = `apt-get install --no-install-recommends ${missing.join(' ')}`
  throw new Error(`${missing.join(' and ')} not found on PATH; on Debian: ${install}`)
}

function makeBase(): void {
  const dir = mkdtempSync(join(tmpdir(), 'drydock-base-'))
  const [rootFs, archive] = [join(dir, 'root'), join(dir, 'root.tar')]
  try {
    run('debootstrap', [
      '--variant=minbase',
      '--include=ca-certificates',
      suite,
      rootFs,
      'http://deb.debian.org/debian',
    ])
    const modules = join(rootFs, 'usr/local/lib/node_modules')
    mkdirSync(modules, { recursive: true })
    cpSync(process.execPath, join(rootFs, 'usr/local/bin/node'))
    cpSync(folderOfNpm(), join(modules, 'npm'), { recursive: true })
    symlinkSync('../lib/node_modules/npm/bin/npm-cli.js', join(rootFs, 'usr/local/bin/npm'))
    // Whom this machine trusts, the image trusts: there may be a proxy with a certificate of its own.
    const certificates = 'etc/ssl/certs/ca-certificates.crt'
    cpSync(realpathSync(`/${certificates}`), join(rootFs, certificates))
    for (const folder of ['var/cache/apt/archives', 'var/lib/apt/lists'])
      rmSync(join(rootFs, folder), { recursive: true })
    run('tar', ['-C', rootFs, '-cf', archive, '.'])
    run('podman', ['import', '--quiet', archive, base])
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

/** Where the npm lies that PATH finds. */
function folderOfNpm(): string {
  const cli = realpathSync(execFileSync('sh', ['-c', 'command -v npm'], { encoding: 'utf8' }).trim())
  return dirname(dirname(cli))
}

function run(program: string, argv: readonly string[]): void {
  const { status, stdout, stderr } = spawnSync(program, argv, { encoding: 'utf8', maxBuffer: 64 << 20 })
  if (status !== 0) throw new Error(`${program} ${argv[0]} ended with ${status}:\n${(stdout + stderr).slice(-4000)}`)
}
