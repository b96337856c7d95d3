import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isExecutable, placesOnPath } from '../../infra/programs.ts'

/** Where Debian and others keep the plugins for the network of pods. */
const pluginFolders = ['/usr/lib/cni', '/opt/cni/bin']

const packageOf: Readonly<Record<string, string>> = {
  containerd: 'containerd',
  ctr: 'containerd',
  runc: 'runc',
  busybox: 'busybox-static',
  ip: 'iproute2',
  unshare: 'util-linux',
  openssl: 'openssl',
}

/** Why no node can run on this machine, in words for a person; undefined where one can. */
export function whyNoNode(): string | undefined {
  if (process.platform !== 'linux') return 'a node needs Linux'
  if (process.getuid?.() !== 0) return 'a node needs root'
  const missing = Object.keys(packageOf).find((name) => programPath(name) === undefined)
  if (missing !== undefined) return `${missing} is not here; on Debian: apt-get install ${packageOf[missing]}`
  if (pluginFolder() === undefined)
    return `there are no network plugins in ${pluginFolders.join(' or ')}; on Debian: apt-get install containernetworking-plugins`
  if (!existsSync('/sys/fs/cgroup/cpuset'))
    return 'a node needs the cgroup v1 hierarchies; nobody has tried it with cgroup v2 alone'
  return whyRefused()
}

/** What makes the namespaces of a node: a SIGKILL of it ends all that runs in them. What bash runs comes next. */
export const unshareArgs: readonly string[] =
  '--mount --pid --fork --kill-child --mount-proc --propagation private bash'.split(' ')

const trial = fileURLToPath(new URL('try-node.sh', import.meta.url))
const trialMsMax = 60_000

/** Root in a container may not do all that a node does to its machine: it is tried. Undefined where nothing is refused. */
export function whyRefused(unshare = mustProgram('unshare')): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'drydock-try-'))
  const args = [...unshareArgs, trial, folder, `try${process.pid}`]
  try {
    execFileSync(unshare, args, { encoding: 'utf8', timeout: trialMsMax, stdio: 'pipe' })
    return undefined
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string }
    const what = linesOf(stdout).at(-1) ?? 'namespaces of its own'
    return `this machine refuses a node ${what}: ${linesOf(stderr)[0] ?? String(error)}`
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const linesOf = (text: string): string[] => text.split('\n').filter((line) => line !== '')

/** The folder with the network plugins. */
export function pluginFolder(): string | undefined {
  return pluginFolders.find((folder) =>
    ['bridge', 'host-local', 'loopback'].every((plugin) => isExecutable(`${folder}/${plugin}`)),
  )
}

/** The path of a program that the machine has to have; folders for administrators are looked in too. */
export function programPath(name: string): string | undefined {
  return placesOnPath([name], `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`).find(isExecutable)
}

/** As `programPath`, of one that `whyNoNode` has seen. */
export function mustProgram(name: string): string {
  const path = programPath(name)
  if (path === undefined) throw new Error(`${name} is not here`)
  return path
}

// For a script: prints why no node can run here, and nothing where one can.
if (import.meta.main) console.log(whyNoNode() ?? '')
