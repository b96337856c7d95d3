import { execFile } from 'node:child_process'
import { mkdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { cachedPath } from './cache-dir.ts'
import type { Progress, Tool } from './tools.ts'
import type { GoModule } from './versions.ts'

const run = promisify(execFile)

/** Builds a tool with Go into the cache. It is built under another name and then renamed, so the cache never holds an incomplete binary. */
export async function fromGo(tool: Tool, progress: Progress): Promise<string> {
  const target = cachedPath(tool)
  const aside = `${target}.building`
  await mkdir(dirname(target), { recursive: true })
  await run('go', ['version'], { signal: progress.signal }).catch((error: unknown) => {
    throw new Error('there is no `go` on PATH', { cause: error })
  })
  progress.report(
    `${tool.name}: building ${tool.version} with Go, usually ${duration(tool.usualBuildSeconds)} on two processors`,
  )
  const built = await build(tool, aside, progress.signal)
  await rename(built, target)
  await rm(aside, { recursive: true, force: true })
  return target
}

/** The folder of one of our Go modules. */
export function goModuleDir(module: GoModule): string {
  return fileURLToPath(new URL(`../go/${module}`, import.meta.url))
}

async function build(tool: Tool, aside: string, signal: AbortSignal): Promise<string> {
  const { build } = tool
  // Go removes its temporary folder only when it is interrupted.
  const options = { signal, killSignal: 'SIGINT', maxBuffer: 64 << 20 } as const
  switch (build.kind) {
    case 'module': {
      const flags = ['-trimpath', '-ldflags', `-s -w ${build.ldflags ?? ''}`.trim(), '-o', aside]
      await run('go', ['build', ...flags, build.package], { ...options, cwd: goModuleDir(build.module) })
      return aside
    }
    case 'tests': {
      const flags = ['-c', '-vet=off', '-trimpath', '-ldflags', '-s -w', '-o', aside]
      await run('go', ['test', ...flags, build.package], { ...options, cwd: goModuleDir(build.module) })
      return aside
    }
    case 'install': {
      const env = { ...process.env, GOBIN: aside }
      await run('go', ['install', '-trimpath', '-ldflags', '-s -w', `${build.package}@${tool.version}`], {
        ...options,
        env,
      })
      return join(aside, tool.name)
    }
  }
}

const duration = (seconds: number): string => (seconds < 90 ? `${seconds} s` : `${Math.round(seconds / 60)} min`)
