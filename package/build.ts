import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker'
import { rolldown } from 'rolldown'
import { workflowsPath } from '../worker/workflow-code.ts'
import { reachedFrom, withJavaScriptNames } from './declarations.ts'

/**
 * `node package/build.ts` fills `dist/`, which is what the package runs: Node refuses to run TypeScript under `node_modules`. `npm
 * pack` and `npm publish` call it; a checkout needs none of it.
 */
const root = fileURLToPath(new URL('..', import.meta.url))
const dist = join(root, 'dist')

/** What the plugin of `infra/traces` adds to the workflows. */
const tracingModule = createRequire(import.meta.url).resolve(
  '@temporalio/interceptors-opentelemetry/lib/workflow-interceptors',
)

/** What a program imports, and what `bin.cjs` runs. */
const entries = {
  client: 'client/api/index.ts',
  worker: 'worker/index.ts',
  workflow: 'contract/restore-request.ts',
  cli: 'client/cli/main.ts',
  'worker-main': 'worker/main.ts',
}

rmSync(dist, { recursive: true, force: true })
mkdirSync(dist)
await bundleCode()
await bundleWorkflows('workflows.bundle.js', [])
await bundleWorkflows('workflows-traced.bundle.js', [tracingModule])
writeDeclarations()

/** The code in one file for each entry, and files that they share. The packages stay what they are: dependencies. */
async function bundleCode(): Promise<void> {
  const build = await rolldown({
    cwd: root,
    input: entries,
    platform: 'node',
    external: (id) => !/^[./]/.test(id),
    onLog: (level, log) => {
      if (level !== 'warn') return
      throw new Error(`the code cannot be bundled: ${log.message}`)
    },
  })
  // All in one folder, so that a file finds the bundles of the workflows beside itself.
  await build.write({
    dir: dist,
    format: 'esm',
    entryFileNames: '[name].js',
    chunkFileNames: 'shared-[name]-[hash].js',
  })
  await build.close()
}

/** The workflows as Temporal's worker would bundle them at each start. */
async function bundleWorkflows(name: string, workflowInterceptorModules: string[]): Promise<void> {
  const logger = new DefaultLogger('WARN')
  const { code } = await bundleWorkflowCode({ workflowsPath, workflowInterceptorModules, logger })
  writeFileSync(join(dist, name), withShortMap(code))
}

/** Temporal's worker needs the map. It is kept without the sources, and without the folder of this build. */
function withShortMap(bundle: string): string {
  const marker = '//# sourceMappingURL=data:application/json;charset=utf-8;base64,'
  const at = bundle.lastIndexOf(marker)
  if (at < 0) throw new Error('the bundle of the workflows has no source map')
  const map = JSON.parse(Buffer.from(bundle.slice(at + marker.length), 'base64').toString('utf8')) as {
    sources: string[]
    sourcesContent?: string[]
  }
  const { sourcesContent: _, sources, ...rest } = map
  const short = { ...rest, sources: sources.map((source) => source.replace(root, '')) }
  return `${bundle.slice(0, at)}${marker}${Buffer.from(JSON.stringify(short)).toString('base64')}\n`
}

/** The types that a program can see: those of the entries, and what they name. */
function writeDeclarations(): void {
  const all = join(tmpdir(), `drydock-types-${process.pid}`)
  try {
    execFileSync(
      process.execPath,
      [join(root, 'node_modules/typescript/bin/tsc'), '-p', 'tsconfig.package.json', '--outDir', all],
      {
        cwd: root,
        stdio: 'inherit',
      },
    )
    const read = (file: string) => readFileSync(join(all, file), 'utf8')
    for (const file of reachedFrom(
      ['client/api/index.d.ts', 'worker/index.d.ts', 'contract/restore-request.d.ts'],
      read,
    )) {
      const target = join(dist, 'types', file)
      mkdirSync(dirname(target), { recursive: true })
      writeFileSync(target, withJavaScriptNames(read(file)))
    }
  } finally {
    rmSync(all, { recursive: true, force: true })
  }
}
