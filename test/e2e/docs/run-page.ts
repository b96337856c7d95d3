import { spawn } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { cacheDir } from '../../../devstack/tools/cache-dir.ts'
import { obtainTool } from '../../../devstack/tools/obtain-tool.ts'
import type { DocBlock } from '../../house/doc-blocks.ts'
import { root } from '../../house/source-files.ts'
import { whenFileIsOver } from '../../kit/run/clean-up.ts'
import type { TestCluster } from '../../kit/stack.ts'
import { workerEnv } from '../../kit/worker.ts'

/** Where the commands of the pages run: a folder with what a checkout has, and a PATH with the programs that a reader has. */
export interface Scratch {
  dir: string
  env: Record<string, string>
}

const programs = ['velero', 'helm', 'kubectl', 'temporal'] as const

/** Makes it. It is removed after the tests of the file. */
export async function makeScratch(cluster: TestCluster, values: Record<string, string>): Promise<Scratch> {
  const dir = mkdtempSync(join(tmpdir(), 'drydock-docs-'))
  whenFileIsOver(() => rm(dir, { recursive: true, force: true }))
  const [bin, home] = [join(dir, '.bin'), join(dir, '.home')]
  for (const folder of [bin, home]) mkdirSync(folder)
  for (const name of readdirSync(root))
    if (!name.startsWith('.') && name !== 'dist') symlinkSync(join(root, name), join(dir, name))
  const progress = { report: console.error, signal: new AbortController().signal }
  for (const name of programs) symlinkSync(await obtainTool(name, progress), join(bin, name))
  script(join(bin, 'drydock'), `exec '${process.execPath}' '${join(root, 'client/cli/bin.cjs')}' "$@"`)
  script(join(bin, 'npx'), 'test "$1" = velero-drydock || exit 97; shift; exec drydock "$@"')
  const path = [bin, process.env['PATH'] ?? ''].join(':')
  const shared = { PATH: path, HOME: home, DRYDOCK_CACHE_DIR: cacheDir(), LANG: 'C.UTF-8', TMPDIR: tmpdir() }
  return { dir, env: { ...workerEnv(cluster), ...shared, ...values } }
}

function script(file: string, text: string): void {
  writeFileSync(file, `#!/bin/sh\n${text}\n`)
  chmodSync(file, 0o755)
}

/** How the commands of a page ended. */
export interface PageRun {
  code: number | null
  /** The line of the page where the fence of the last block stands that began. */
  line: number
  /** All that was printed, each command before its output. */
  text: string
}

/** Runs blocks of a page, one after the other, in one shell that ends with the first command that fails. */
export async function runBlocks({ dir, env }: Scratch, blocks: readonly DocBlock[]): Promise<PageRun> {
  const steps = blocks.map(({ line, text }) => `echo '${mark}${line}'\n${text}\n`)
  const shell = spawn('bash', ['-c', ['set -euo pipefail', ...steps].join('\n')], {
    cwd: dir,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  let text = ''
  for (const stream of [shell.stdout, shell.stderr]) stream.on('data', (piece: Buffer) => (text += piece.toString()))
  const code = await new Promise<number | null>((resolve) => {
    shell.on('exit', (status) => {
      // What was left in the background ends with it.
      try {
        process.kill(-(shell.pid ?? 0), 'SIGTERM')
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
      }
      resolve(status)
    })
  })
  const lines = [...text.matchAll(new RegExp(`^${mark}(\\d+)$`, 'gm'))].map(([, line]) => Number(line))
  return { code, line: lines.at(-1) ?? 0, text }
}

const mark = '== the block of line '
