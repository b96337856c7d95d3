import { existsSync } from 'node:fs'
import { cp, mkdir, mkdtemp, rename, rm, stat } from 'node:fs/promises'
import { execFile } from 'node:child_process'
import { basename, join } from 'node:path'
import { promisify } from 'node:util'
import { cacheDir } from './cache-dir.ts'

const run = promisify(execFile)

/** A folder of the cache that is filled once. It is filled under another name and then renamed: another process sees all of it or nothing. */
export async function cachedFolder(name: string, fill: (aside: string) => Promise<void>): Promise<string> {
  const dir = join(cacheDir(), name)
  if (existsSync(dir)) return dir
  await mkdir(cacheDir(), { recursive: true })
  const aside = await mkdtemp(join(cacheDir(), `${name}-`))
  try {
    await fill(aside)
    await rename(aside, dir).catch((error: unknown) => {
      if (!existsSync(dir)) throw error
    })
    return dir
  } finally {
    await rm(aside, { recursive: true, force: true })
  }
}

/** Copies what folders hold, and files, out of a Go module, such as `example.com/thing@v1.2.3`, into one folder. */
export async function copyFromGoModule(
  module: string,
  parts: readonly string[],
  { to, cwd, signal }: { to: string; cwd: string; signal: AbortSignal },
): Promise<void> {
  const { stdout } = await run('go', ['mod', 'download', '-json', module], { cwd, signal })
  const { Dir } = JSON.parse(stdout) as { Dir: string }
  // Files of Go modules are read-only; a read-only copy could not be removed.
  for (const part of parts) {
    const isFile = (await stat(join(Dir, part))).isFile()
    await cp(join(Dir, part), isFile ? join(to, basename(part)) : to, { recursive: true })
  }
  await run('chmod', ['-R', 'u+w', to])
}
